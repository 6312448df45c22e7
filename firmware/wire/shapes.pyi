"""What the names of shapes.py mean."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from .reading import Reading

_Value = TypeVar("_Value")

Json = Any
"""None, bool, int, str, or a list or JsonObject of them."""
JsonObject = dict[str, Any]
Row = tuple[Any, ...]
"""A row of a table: of fields (schema.py) or of methods (methods.py)."""

def const(value: _Value) -> _Value:
    """Return the value, which is a literal."""

Result = Any
"""What a use returns for what was read."""
ReadingUse = Callable[[Reading], Result]
"""Uses a reading. It changes nothing, because it may be called again with another."""
RegisterUse = Callable[[list[int]], Result]
"""The same with the values of registers."""
Work = Callable[[], None]
"""Something to do while a reply is awaited, once or as often as it is asked for."""

class Ticks(Protocol):
    """The monotonic clock, wrapping as MicroPython's `time.ticks_*` do."""

    def ticks_ms(self) -> int:
        """Return milliseconds, modulo an unknown power of two of at least 2**29."""

    def ticks_us(self) -> int:
        """Return microseconds, modulo the same."""

    def ticks_diff(self, later: int, earlier: int, /) -> int:
        """Return later - earlier, right while they are less than half the period apart."""

class MeterLine(Protocol):
    """The line to the meter."""

    @property
    def echo(self) -> bool:
        """Whether the bytes sent come back."""

    def write(self, data: bytes, /) -> None:
        """Send everything; returns when the last bit has left and the driver is off."""

    def read(self, max_bytes: int, /) -> bytes:
        """Return what has arrived, at most max_bytes; b"" if nothing."""

    def wait(self, timeout_us: int, /) -> bool:
        """Return when bytes are readable (True) or after timeout_us (False)."""

    def discard(self) -> None:
        """Throw away what has arrived."""
