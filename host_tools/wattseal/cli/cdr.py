"""`wattseal cdr`: charge detail records on their way from the CPO to the bill."""

from __future__ import annotations

import typer

from wattseal.cli.program import group_with

app = typer.Typer(
    name="cdr",
    cls=group_with(
        {
            "build": "cdr_bill",
            "invoice": "cdr_bill",
            "send": "cdr_exchange",
            "serve": "cdr_exchange",
            "list": "cdr_exchange",
            "validate": "cdr_validate",
            "reconcile": "cdr_validate",
            "partner": "cdr_exchange:partner_app",
        }
    ),
    no_args_is_help=True,
    help="Make, check, send, receive and bill CDRs.",
)
