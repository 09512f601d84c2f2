"""SMS: the lines to gateways (SMPP, HTTP, a modem on the PBX), each behind the same face (cti/channels/texts.py)."""
