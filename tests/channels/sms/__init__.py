"""Lines to SMS gateways, against servers of others' making."""
