"""Calls between real phones: what the tracker says of them, beside what the PBX wrote down itself."""
