"""Support access as customers see it: the window of their consent, those who ask for it, mail about visits."""
