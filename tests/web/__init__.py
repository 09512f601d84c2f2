"""Tests of the web layer: a real server, a real database, real clients."""
