"""What is wrong at a PBX, by rules: facts in, findings out. Pure; facts are read by cti/features/doctor.py."""
