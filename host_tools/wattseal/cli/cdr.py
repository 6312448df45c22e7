"""`wattseal cdr`: charge detail records on their way from the CPO to the bill."""

from __future__ import annotations

import typer

from wattseal.cli.program import group_with

app = typer.Typer(
    name="cdr",
    cls=group_with(
        {
            "cdr_bill": ("build", "invoice"),
            "cdr_exchange": ("send", "serve", "list"),
            "cdr_validate": ("validate", "reconcile"),
            "cdr_exchange:partner_app": ("partner",),
        }
    ),
    no_args_is_help=True,
    help="Make, check, send, receive and bill CDRs.",
)
