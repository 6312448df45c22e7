"""Keeps emulated time from running ahead of the wall clock."""

import time

from hil.timeline import NS_PER_MS, NS_PER_S

# Sleeping wakes up late now and then: so much may be made up for.
SLACK_NS = 10 * NS_PER_MS


class Pacer:
    """Compares the two clocks.

    Time that the emulation loses because it is slow is lost: it never hurries to catch up, so a
    second of the module is never shorter than a second of its client.
    """

    def __init__(self) -> None:
        self._offset_ns = 0
        """Emulated time minus wall time when they were last made equal."""

    def follow(self, emulated_ns: int) -> None:
        """Take this moment as the one from which to keep pace."""
        self._offset_ns = emulated_ns - time.monotonic_ns()

    def ahead_s(self, emulated_ns: int) -> float:
        """Seconds by which emulated time is ahead; 0 if it is not."""
        ahead_ns = emulated_ns - time.monotonic_ns() - self._offset_ns
        if ahead_ns < -SLACK_NS:
            self.follow(emulated_ns)
        return max(0, ahead_ns) / NS_PER_S
