"""The MSP's tables: partners, and every CDR that came, as it came.

A CDR is a row for ever; what changes in it is how far its report has come. The schema has a version
table of its own, so that it can share a database with a registry and with the seen sessions.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, Table, Text

from wattseal.registry.tables import Name, Number

metadata = MetaData()

# `party` is `DE*ABC`. A token is known by its hash alone; `report_url` is where reports go.
cdr_partner = Table(
    "cdr_partner",
    metadata,
    Column("token_sha256", Name, primary_key=True),
    Column("party", Name, nullable=False),
    Column("report_url", Text),
    Column("since_ms", Number, nullable=False),
    Column("revoked_ms", Number),
    Index("cdr_partner_by_party", "party"),
)

# `receipt` names the content and whose it is. `driver` and `contract` are those of the token,
# `end_ms` the end that the CDR tells. `marked` are the codes that the sender marked it with.
cdr_received = Table(
    "cdr_received",
    metadata,
    Column("receipt", Name, primary_key=True),
    Column("party", Name, nullable=False),
    Column("cdr", Name, nullable=False),
    Column("version", Name, nullable=False),
    Column("received_ms", Number, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("driver", Name),
    Column("contract", Name),
    Column("end_ms", Number),
    Column("credits", Name),
    Column("judgement", Text, nullable=False),
    Column("is_billable", Integer, nullable=False),
    Column("marked", Text),
    Column("report", Name, nullable=False),
    Column("report_state", Name, nullable=False),
    Column("report_attempts", Integer, nullable=False),
    Column("report_due_ms", Number),
    Index("cdr_received_by_cdr", "cdr"),
    Index("cdr_received_by_driver", "driver", "end_ms"),
    Index("cdr_received_by_contract", "contract", "end_ms"),
    Index("cdr_received_by_report", "report", unique=True),
    Index("cdr_received_by_due", "report_state", "report_due_ms"),
    Index("cdr_received_by_time", "received_ms"),
)
