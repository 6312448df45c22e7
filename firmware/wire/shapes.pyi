"""What the names of shapes.py mean."""

from typing import Any, TypeVar

_Value = TypeVar("_Value")

Json = Any
"""None, bool, int, str, or a list or JsonObject of them."""
JsonObject = dict[str, Any]
Row = tuple[Any, ...]
"""A row of a table: of fields (schema.py) or of methods (methods.py)."""

def const(value: _Value) -> _Value:
    """Return the value, which is a literal."""
