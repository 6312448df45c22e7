"""Typed signatures of the C module `_chip`: watchdog and boot loader of the RP2040."""

def watch() -> None:
    """Start the watchdog: from now on the chip is reset 8 s after `feed` was last called."""

def feed() -> None:
    """Put the next bite off."""

def reset_cause() -> str:
    """Return "power_on" (or the reset pin), "watchdog" (a bite) or "restart" (asked for)."""

def bites() -> int:
    """Return how often the watchdog has bitten in a row; see `forget_bites`."""

def forget_bites() -> None:
    """Count bites from none on: the module runs."""

def enter_boot_loader() -> None:
    """Start the boot loader as a drive, with its PICOBOOT interface disabled; never returns."""
