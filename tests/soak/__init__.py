"""What takes minutes: the full figures of the fault tests, and memory over a long stream of calls."""
