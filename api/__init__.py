"""Comma over HTTP: the only package that knows requests, pages and the time of day."""
