"""What goes wrong in the lab is said in one line that tells what to do."""

from __future__ import annotations


class LabError(Exception):
    """A fault for the person at the keyboard: one line, no traceback."""
