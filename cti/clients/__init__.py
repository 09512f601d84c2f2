"""Clients: their cards and who of them may be calling. Pure."""
