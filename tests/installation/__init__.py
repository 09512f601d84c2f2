"""The server as it is installed for good: its unit, the proxy before it, upgrades, backups, a machine in need."""
