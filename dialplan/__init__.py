"""Dialplans for Asterisk as data: described by `model`, written by `render`, composed from `recipes`.

Pure: knows nothing of the server, the panel or the lab, and does no I/O.
"""
