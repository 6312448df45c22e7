"""Whether a computer's clock may be trusted with the time of a record.

Times of records never go back, so one record that is made with a clock far ahead would hold up the
time of all that follow. A clock is compared with the newest record's time and, where there is one,
with the clock of the database's server. SQLite has no clock but the computer's own.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, text

from wattseal.registry.failures import ClockWrong
from wattseal.registry.plausibility.limits import TOLERANCE_MS

ServerClock = Callable[[Connection], int | None]

_SERVER_CLOCK = text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)")


def server_unix_ms(connection: Connection) -> int | None:
    """What the clock of the database's server shows; None of SQLite."""
    if connection.dialect.name == "sqlite":
        return None
    unix_ms: int = connection.execute(_SERVER_CLOCK).scalar_one()
    return unix_ms


def check_clock(now_ms: int, newest_ms: int, server_ms: int | None) -> None:
    """ClockWrong if the computer's clock differs by more than some minutes.

    newest_ms: the time of the newest record; server_ms: the database server's, None if it has none.
    """
    if server_ms is not None and abs(server_ms - now_ms) > TOLERANCE_MS:
        raise ClockWrong("clock_differs", seconds=abs(server_ms - now_ms) // 1000)
    if newest_ms - now_ms > TOLERANCE_MS:
        raise ClockWrong("clock_behind", seconds=(newest_ms - now_ms) // 1000)
