"""Published vectors: NIST's .rsp files as the package cryptography-vectors carries them."""

import re
from importlib.resources import files
from pathlib import Path

PACKAGE = Path(str(files("cryptography_vectors")))
FOLDER = PACKAGE / "asymmetric" / "ECDSA" / "FIPS_186-3"
SHA256_FOLDER = PACKAGE / "hashes" / "SHA2"


def records(path: Path) -> list[dict[str, str]]:
    """The records of a file without sections, each a dict of its `name = value` lines."""
    parts = path.read_text().split("\n\n")
    found = (dict(re.findall(r"^(\w+) = (\w+)$", part, re.M)) for part in parts)
    return [record for record in found if record]


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
