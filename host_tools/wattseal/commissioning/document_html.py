"""The commissioning document as one HTML page that needs nothing else."""

from __future__ import annotations

import segno
from jinja2 import Environment, PackageLoader, StrictUndefined

from wattseal.commissioning.document import (
    SIGNED_FIELDS,
    SIGNERS,
    TITLE,
    Commissioned,
    sections,
    utc,
)

_TEMPLATE = "commissioning.html"


def as_html(found: Commissioned) -> str:
    """The page, in UTF-8 when it is written."""
    environment = Environment(
        loader=PackageLoader("wattseal.commissioning"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(_TEMPLATE).render(
        title=TITLE,
        evse_id=found.record.evse_id,
        when=utc(found.record.unix_ms),
        sections=sections(found),
        qr=key_square(found).svg_inline(
            scale=3, border=4, title="Public key in hexadecimal digits", omitsize=True
        ),
        signers=SIGNERS,
        fields=SIGNED_FIELDS,
        details=found.details,
    )


def key_square(found: Commissioned) -> segno.QRCode:
    """The public key as a QR code: its SPKI in uppercase hex, which packs well."""
    return segno.make(found.key.hex, mode="alphanumeric", error="m", boost_error=False, micro=False)
