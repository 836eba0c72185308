"""The least that FastAPI can do: what every request costs before anything is evaluated."""

from __future__ import annotations

from fastapi import FastAPI

app = FastAPI()


@app.post("/vuoto")
async def empty() -> dict[str, str]:
    """Answer nothing."""
    return {}
