"""Comma's engine: rules in, decisions and their reasons out; no HTTP, no storage, no clock."""
