"""Sounds as people bring them, made what an Asterisk plays: 8 and 16 kHz, mono, 16 bit, equally loud."""
