"""Published vectors: NIST's .rsp files as the package cryptography-vectors carries them."""

import re
from importlib.resources import files
from pathlib import Path

FOLDER = Path(str(files("cryptography_vectors"))) / "asymmetric" / "ECDSA" / "FIPS_186-3"


def groups(name: str) -> dict[str, list[dict[str, str]]]:
    """Section header (`P-256,SHA-1`) -> its records, each a dict of the `name = value` lines.

    A record is what stands between empty lines. Lines in brackets without a curve (such as the
    method of key generation) do not open a section.
    """
    sections: dict[str, list[dict[str, str]]] = {}
    current: list[dict[str, str]] = []
    record: dict[str, str] = {}
    for line in [*(FOLDER / name).read_text().splitlines(), ""]:
        header = re.fullmatch(r"\[([PKB]-\d+.*)\]", line.strip())
        field = re.fullmatch(r"(\w+) = ?(.*)", line.strip())
        if header:
            current = sections.setdefault(header[1], [])
        elif field and field[1] != "N":
            record[field[1]] = field[2]
        elif not line.strip() and record:
            current.append(record)
            record = {}
    return sections
