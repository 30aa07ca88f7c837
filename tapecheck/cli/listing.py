"""Stub."""

import click


@click.command("list")
def listing() -> None:
    """Stub."""
