"""`wattseal cdr`: charge detail records on their way from the CPO to the bill."""

from __future__ import annotations

import typer

from wattseal.cli.groups import group_with

app = typer.Typer(
    name="cdr",
    cls=group_with(
        {
            "cdr_build": ("build",),
            "cdr_exchange": ("send", "serve", "list"),
            "cdr_invoice": ("invoice",),
            "cdr_validate": ("validate",),
            "cdr_reconcile": ("reconcile",),
            "cdr_partner": ("partner",),
        }
    ),
    no_args_is_help=True,
    help="Make, check, send, receive and bill CDRs.",
)
