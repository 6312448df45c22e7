"""Why nothing more can be read of an input."""

from __future__ import annotations


class RowsError(ValueError):
    """The message says what is wrong, without a full stop."""
