"""A real Asterisk and real phones on this machine, for the demo, the tests and the load runs.

Standard library only: set-up runs before anything is installed. Nothing imports the lab but tests.
"""
