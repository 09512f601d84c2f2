"""PURE. Rows in, tables out: what is counted of clients and calls, with totals and shares; no database, no clock."""
