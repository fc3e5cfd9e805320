"""The portals that ship. Each imports the porch and its own folder, never the gateway's rooms nor one another."""
