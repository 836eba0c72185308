"""Procedure: what follows from what has happened, worked out by durable-rules where it is installed."""
