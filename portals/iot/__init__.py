"""IoT: devices with a SIM, and what they use."""
