"""The timer: an alarm comes when the count reaches it, and not before.

RP2040 datasheet, section 4.6. Noise is sampled at alarms, and how far apart matters.
"""

from rp2040py.peripherals.timer import ALARM0, ALARM_REGS, RPTimer

from hil.timeline import NS_PER_US


class Timer(RPTimer):
    """rp2040py's timer, whose own alarms are up to a microsecond early."""

    def write_uint32(self, offset: int, value: int) -> None:
        """Write a register."""
        super().write_uint32(offset, value)
        if offset in ALARM_REGS:
            alarm = self.alarms[(offset - ALARM0) // 4]
            alarm.clock_alarm.schedule(self._nanos_until(value))

    def _nanos_until(self, count_us: int) -> int:
        """How long until the 32-bit count is this; nothing if it is now."""
        microsecond, into_it_ns = divmod(int(self.clock.nanos - self._epoch_nanos), NS_PER_US)
        return max(0, (count_us - microsecond) % 2**32 * NS_PER_US - into_it_ns)
