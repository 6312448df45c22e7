"""`wattseal cdr`: charge detail records on their way from the CPO to the bill."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Make, check, send, receive and bill CDRs.")
