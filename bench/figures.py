"""Figures: how numbers, tables and targets are written in docs/misure.md."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from engine.number import show_number


def number(value: float, decimals: int = 1) -> str:
    """Write a number as Italians do."""
    return show_number(Fraction(value), decimals)


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a Markdown table, numbers on the right."""
    columns = list(header)
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def verdict(reached: bool) -> str:
    """Say whether a target is reached."""
    return "raggiunto" if reached else "NON raggiunto"
