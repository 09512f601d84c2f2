"""Pure call tracking: Asterisk manager events in, CSTA call model out. No clock, no I/O, no log, no exception."""
