"""Stub."""

import click


@click.command("diff")
def diff() -> None:
    """Stub."""
