"""Trubka: a CTI server for Asterisk. The straight line from a ring to a card is told in README.md."""
