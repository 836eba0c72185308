"""Checks: what must hold for a version of a service to be a Servizio, one file a family of checks."""

from __future__ import annotations

from engine.checks.calcoli import check_calcoli
from engine.checks.examples import check_examples
from engine.checks.forms import check_forms
from engine.checks.guards import check_guards
from engine.checks.letters import check_letters
from engine.checks.outcomes import check_outcomes
from engine.checks.parametri import check_parametri
from engine.checks.procedure import check_procedure
from engine.checks.sources import check_sources
from engine.checks.tables import check_tables
from engine.checks.words import check_words

#: What is checked once every name is resolved, from the law to the worked cases.
CHECKS = (
    check_sources,
    check_parametri,
    check_guards,
    check_words,
    check_forms,
    check_letters,
    check_calcoli,
    check_tables,
    check_outcomes,
    check_procedure,
    check_examples,
)
