"""Checks: what must hold for a version of a service to be a Servizio, one file a family of checks."""

CHECKS = ()
