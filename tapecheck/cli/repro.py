"""Stub."""

import click


@click.command("repro")
def repro() -> None:
    """Stub."""
