"""Where files are kept: one contract, an embedded store and PostgreSQL behind it, keys, and the chain of events."""
