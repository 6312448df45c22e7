"""The `wattseal` command."""

from wattseal.cli.main import main

__all__ = ["main"]
