"""Energy that flows while a test waits, in no less time than a module takes for possible."""

import time

from hil.rig import TIME, Rig

POWER_W = 500_000
"""Half of what a module believes: its record says of more that it must not be billed."""


def let_flow(rig: Rig, energy_wh: int) -> None:
    """Let energy flow, and the time pass that this takes."""
    rig.meter.add_wh(energy_wh)
    seconds = energy_wh * 3600 / POWER_W
    if TIME in rig.abilities:
        rig.fast_forward(seconds)
    else:
        time.sleep(seconds)
