"""Types of what the application is given, the signing core and the port, for the type checker.

The module `_wattseal` is a `Core`, each port's module `port` is a `Port`, `release` a `Release`.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from wire.shapes import MeterLine, Ticks

BaseTest = Callable[[bytes], bool]
"""Judges the base of a log's sector: the state of the log's user when the sector was opened."""
Json = dict[str, Any]
"""An object of plain JSON values."""
ItemReader = Callable[[Any, int], tuple[Json, int]]
"""From the module and an item's number to its fields and the most bytes of these in a reply."""
Makers = dict[str, Callable[[], Json]]
"""From a meter profile's name to what makes the profile."""
Room = tuple[int, int]
"""How much is left of how much, in one unit."""
Step = Callable[[], object]
"""Something to be done, whatever it returns."""

_Buffer = bytes | bytearray | memoryview

class Profiles(Protocol):
    """Meter profiles by name; a dict, or what makes each when it is asked for."""

    def __contains__(self, name: str, /) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...
    def __getitem__(self, name: str, /) -> Json: ...
    def get(self, name: str, /) -> Json | None: ...

class FlashAreas(Protocol):
    """Raw NOR flash by area, as in `_wattseal.pyi`."""

    def flash_info(self, area: int, /) -> tuple[int, int, int]:
        """Return `(sector_size, page_size, sector_count)`, sizes in bytes."""

    def flash_read(self, area: int, offset: int, buffer: bytearray | memoryview, /) -> None:
        """Fill the buffer from the byte offset within the area."""

    def flash_is_erased(self, area: int, offset: int, length: int, /) -> bool:
        """Return whether all bytes of a range are 0xFF."""

    def flash_highest(self, area: int, magic: bytes, offset: int, below: int, /) -> int:
        """Return the highest number below a limit at an offset in sectors that begin with magic."""

    def flash_program(self, area: int, offset: int, data: _Buffer, /) -> None:
        """Program whole pages: erased ones, or with the bytes that they hold already, or zeros."""

    def flash_erase(self, area: int, sector: int, /) -> None:
        """Erase one sector to 0xFF."""

class Core(FlashAreas, Protocol):
    """The signing core: its key, its self-test and its flash areas."""

    @property
    def AREA_SETTINGS(self) -> int: ...  # noqa: N802
    @property
    def AREA_STATEMENTS(self) -> int: ...  # noqa: N802
    @property
    def AREA_EVENTS(self) -> int: ...  # noqa: N802
    @property
    def AREA_JOURNAL(self) -> int: ...  # noqa: N802
    @property
    def CoreError(self) -> type[Exception]: ...  # noqa: N802
    def self_test(self, everything: bool, /) -> tuple[str, ...]:
        """Return the names of the known-answer tests that failed."""

    def firmware_identity(self) -> bytes:
        """Return SHA-256 of the running image, 32 bytes."""

    def hedge(self) -> bool:
        """Return whether entropy is added to the nonces of signatures from here on."""

    def random(self) -> bytes:
        """Return 32 bytes for a challenge."""

    def key_slots(self) -> tuple[int, tuple[tuple[int, bytes], ...]]:
        """Return how many slots are broken, and `(number, identity)` of the whole keys."""

    def key_create(self, number: int, /) -> None:
        """Make and store a key pair for the running image."""

    def key_secure(self, number: int, /) -> None:
        """Make sure that a whole key, whose storing may have been cut, stays whole."""

    def key_erase(self, number: int, /) -> None:
        """Erase a whole key for ever."""

    def key_erase_all(self) -> None:
        """Destroy what every slot holds, whatever that is."""

    def key_discard_broken(self) -> int:
        """Erase the slots that are written but not whole; how many."""

    def key_public(self, number: int, /) -> bytes:
        """Return SubjectPublicKeyInfo DER, 91 bytes."""

    def sign_record(self, number: int, payload: _Buffer, /) -> bytes:
        """Return the signature section of a record over these payload bytes."""

    def sign_statement(self, number: int, text: _Buffer, /) -> bytes:
        """Return the DER signature over the prefix of statements and the text."""

    def public_key_valid(self, public_key: _Buffer) -> bool:
        """Return whether the bytes are the SPKI DER of a point on the curve."""

    def verify(self, public_key: _Buffer, message: _Buffer, signature: _Buffer, /) -> bool:
        """Return whether the DER signature is that key's over the message."""

    def sha256(self, data: _Buffer, /) -> bytes:
        """Return the SHA-256, 32 bytes."""

    def chip_id(self) -> bytes:
        """Return the chip's unique id."""

class Release(Protocol):
    """What was built into the image, as in the frozen module `release`."""

    @property
    def VERSION(self) -> str: ...  # noqa: N802
    @property
    def ROLLBACK_NUMBER(self) -> int: ...  # noqa: N802
    @property
    def DATE_UNIX_MS(self) -> int: ...  # noqa: N802
    @property
    def VENDOR_KEY(self) -> bytes:  # noqa: N802
        """SPKI DER, b"" for none."""

class Link(Protocol):
    """The line to the host."""

    def read(self, max_bytes: int, /) -> bytes:
        """Return what has arrived, at most max_bytes; b"" if nothing."""

    def write(self, data: bytes, /) -> None:
        """Write everything: a line, after `wait_for_room` has said that there is room for it."""

    def flush(self) -> None:
        """Return once everything written has left for the host, or it has had time to take it."""

    def wait(self, timeout_ms: int, /) -> bool:
        """Return when bytes are readable (True) or after timeout_ms (False)."""

    def wait_for_room(self, timeout_ms: int, /) -> bool:
        """Return when the longest line can be written (True) or after timeout_ms (False)."""

class Port(Ticks, Protocol):
    """What differs from chip to chip."""

    @property
    def NAME(self) -> str: ...  # noqa: N802
    @property
    def LINK(self) -> str: ...  # noqa: N802
    def open_link(self) -> Link:
        """Open the line to the host."""

    def open_meter_line(self, baud: int, parity: str, stop_bits: int, /) -> MeterLine:
        """Open the line to the meter; parity "none", "even" or "odd"."""

    def reset_cause(self) -> str:
        """Return why the chip started: "power_on", "restart", or "watchdog" after a bite."""

    def watch(self) -> None:
        """Start the watchdog: the chip starts anew 8 s after `feed` was last called."""

    def feed(self) -> None:
        """Put the watchdog's bite off. Called from the main loop and what it waits in, only."""

    def bites(self) -> int:
        """Return how often the watchdog has bitten since the module last ran for a while."""

    def forget_bites(self) -> None:
        """Count bites from none on."""

    def heap_free(self) -> int:
        """Return the bytes of heap free after a collection."""

    def enter_boot_loader(self) -> None:
        """Start the chip's boot loader."""
