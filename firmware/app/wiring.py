"""Notices a meter that is wired backwards: it counts what flows out, what flows in stands still.

Nothing here is signed, and nothing is refused because of it: a session then bills no energy, which
somebody should know before the end of the month.
"""

from wire.errors import WattsealError
from wire.reading import Reading


class Wiring:
    """Compares both directions of a meter with those at the look before.

    `warning` is the WattsealError `meter_backwards` while only the exported energy has risen since,
    None otherwise. `is_due`: whether another look is wanted when nothing else is to be done.
    """

    def __init__(self) -> None:
        self.warning: WattsealError | None = None
        self.is_due = False
        self._seen: tuple[str, Reading, Reading] | None = None

    def forget(self) -> None:
        """Begin anew: the meter may be another one, or wired anew."""
        self.warning = self._seen = None
        self.is_due = False

    def look(self, serial: str | None, imported: Reading, exported: Reading) -> bool:
        """Compare with the look before; returns whether the warning is new.

        As long as neither has risen the look before stays: some meters count in steps of 100 Wh.
        """
        self.is_due = False
        meter = serial or ""
        seen = self._seen
        if seen is None or seen[0] != meter or imported < seen[1] or exported < seen[2]:
            self._seen = (meter, imported, exported)
            return False
        is_new = False
        if seen[1] < imported:
            self.warning = None
        elif seen[2] < exported:
            is_new = self.warning is None
            self.warning = WattsealError(
                "meter_backwards",
                import_kwh=imported.to_text_kwh(),
                export_kwh=exported.to_text_kwh(),
            )
        else:
            return False
        self._seen = (meter, imported, exported)
        return is_new
