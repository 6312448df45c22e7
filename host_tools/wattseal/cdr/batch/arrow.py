"""pyarrow: an extra, for Parquet and for zstd. Not imported before it is needed."""

from __future__ import annotations

from typing import Any, BinaryIO

from wattseal.errors import ToolError


def pyarrow() -> Any:
    """The package. ToolError `extra_missing`."""
    try:
        import pyarrow
    except ImportError:
        raise ToolError("extra_missing", extra="bulk", missing="pyarrow") from None
    return pyarrow


def zstd_reader(file: BinaryIO) -> Any:
    """What is compressed in a file, as a file."""
    arrow = pyarrow()
    return arrow.CompressedInputStream(arrow.PythonFile(file, mode="r"), "zstd")


def zstd_writer(file: BinaryIO) -> Any:
    """A file that compresses into another one; closing it closes both."""
    arrow = pyarrow()
    return arrow.CompressedOutputStream(arrow.PythonFile(file, mode="w"), "zstd")
