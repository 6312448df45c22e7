"""What a file holds, by its name or by what the user says: a format, and how it is compressed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wattseal.errors import ToolError

FormatName = Literal["jsonl", "json", "csv", "parquet"]
Compression = Literal["gzip", "zstd"]

STANDARD_STREAM = "-"

_FORMATS: dict[str, FormatName] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".parquet": "parquet",
}
_COMPRESSIONS: dict[str, Compression] = {".gz": "gzip", ".zst": "zstd"}

FORMATS = ("jsonl", "json", "csv", "parquet")


@dataclass(frozen=True, slots=True)
class Format:
    """`jsonl`: a JSON text a line. `json`: one array."""

    name: FormatName
    compression: Compression | None


def format_of(path: str, said: str | None) -> Format:
    """By the endings of a name, or of `said`, which is as an ending without its dot: `csv.gz`.

    Without either, standard input and output are JSON lines. ToolError `format_unknown`.
    """
    if said is None and path == STANDARD_STREAM:
        return Format("jsonl", None)
    name = path if said is None else f".{said}"
    endings = [ending.lower() for ending in Path(f"x{name}" if said else name).suffixes]
    compression = _COMPRESSIONS.get(endings[-1]) if endings else None
    if compression:
        endings.pop()
    found = _FORMATS.get(endings[-1]) if endings else None
    if found is None:
        raise ToolError("format_unknown", path=path, formats="|".join(FORMATS))
    if found == "parquet" and compression:
        cause = "Parquet files are compressed inside, and not as a whole"
        raise ToolError("rows_unreadable", path=path, format="Parquet", cause=cause)
    return Format(found, compression)
