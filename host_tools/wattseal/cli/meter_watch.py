"""What `wattseal meter watch` shows: a live chart, or lines."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from decimal import Decimal
from typing import TYPE_CHECKING

from wattseal.cli.output import complain, console, local_time, say
from wattseal.common.errors import ToolError
from wattseal.common.times import unix_ms_now
from wattseal.meter.chart import chart
from wattseal.wire.errors import WattsealError

if TYPE_CHECKING:
    from rich.live import Live

Look = Callable[[], tuple[str, str | None, Decimal | None]]
"""Imported and exported kWh and watts; raises ToolError."""

KEPT = 1000
_HEIGHT = 10
_MARGIN = 16


class Watch:
    """Looks again and again; a look that fails is a gap."""

    def __init__(self, every_s: float, count: int | None, *, wants_json: bool) -> None:
        self._every_s, self._count, self._wants_json = every_s, count, wants_json
        self._powers: deque[Decimal | None] = deque(maxlen=KEPT)
        self._changed: tuple[float, Decimal] | None = None
        self._mean_w: Decimal | None = None
        self._first: tuple[str, str] | None = None
        self._is_warned = False

    def run(self, look: Look) -> None:
        """Look until the count is reached, or somebody interrupts. The last ToolError, if none."""
        done, last = 0, None
        with ExitStack() as stack:
            live = self._live(stack)
            while self._count is None or done < self._count:
                start_s = time.monotonic()
                try:
                    energy, export, power = look()
                except ToolError as error:
                    if error.name == "port_lost":
                        raise
                    last = error
                    self._powers.append(None)
                    complain(f"wattseal: {error}")
                else:
                    last = None
                    self._show(live, energy, export, power)
                done += 1
                if self._count is None or done < self._count:
                    time.sleep(max(0.0, start_s + self._every_s - time.monotonic()))
        if last is not None:
            raise last

    def _live(self, stack: ExitStack) -> Live | None:
        """The chart's place on a terminal; None elsewhere."""
        screen = console()
        if self._wants_json or not screen.is_terminal:
            return None
        from rich.live import Live

        return stack.enter_context(Live(console=screen, auto_refresh=False))

    def _show(
        self, live: Live | None, energy: str, export: str | None, told: Decimal | None
    ) -> None:
        self._look_at_wiring(energy, export)
        power = self._mean(Decimal(energy)) if told is None else told
        self._powers.append(power)
        at_ms = unix_ms_now()
        if self._wants_json:
            shown = {
                "unix_ms": at_ms,
                "energy_kwh": energy,
                "export_kwh": export,
                "power_w": None if power is None else f"{power:.0f}",
            }
            print(json.dumps(shown), flush=True)
            return
        watts = "? W" if power is None else f"{power:.0f} W"
        exported = f"  exported {export} kWh" if export else ""
        words = f"{local_time(at_ms)}  {energy} kWh  {watts}{exported}"
        if live is None:
            say(words)
            return
        from rich.text import Text

        lines = chart(list(self._powers), max(10, live.console.width - _MARGIN), _HEIGHT, "W")
        live.update(Text("\n".join([words, *lines])), refresh=True)

    def _look_at_wiring(self, energy: str, export: str | None) -> None:
        """Say once that only the exported energy counts."""
        if export is None:
            return
        first = self._first = self._first or (energy, export)
        if first[0] != energy:
            self._first = energy, export
        elif first[1] != export and not self._is_warned:
            self._is_warned = True
            warning = WattsealError("meter_backwards", import_kwh=energy, export_kwh=export)
            complain(f"wattseal: {ToolError.from_module(warning)}")

    def _mean(self, energy_kwh: Decimal) -> Decimal | None:
        """The mean power since the energy last changed; None until it has."""
        now_s = time.monotonic()
        if self._changed is None:
            self._changed = now_s, energy_kwh
        elif energy_kwh != self._changed[1]:
            before_s, before = self._changed
            rise_wh = (energy_kwh - before) * 1000
            self._mean_w = rise_wh * 3600 / Decimal(max(now_s - before_s, 0.001))
            self._changed = now_s, energy_kwh
        return self._mean_w
