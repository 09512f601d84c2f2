"""Ready-made parts of a dialplan, named as a PBX admin says them. Each is a function from plain words to contexts."""
