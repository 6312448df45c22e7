"""Which clock drives the UARTs: the firmware chooses, and rp2040py does not follow it.

RP2040 datasheet, section 2.15.7, register CLK_PERI_CTRL.
"""

from rp2040py.rp2040 import RP2040

SYSTEM_HZ = 125_000_000
USB_PLL_HZ = 48_000_000
CRYSTAL_HZ = 12_000_000
RING_OSCILLATOR_HZ = 6_500_000

# Field AUXSRC: clk_sys, pll_sys, pll_usb, rosc, xosc.
PERIPHERAL_SOURCES_HZ = (
    SYSTEM_HZ,
    SYSTEM_HZ,
    USB_PLL_HZ,
    RING_OSCILLATOR_HZ,
    CRYSTAL_HZ,
)


def peripheral_clock_hz(chip: RP2040) -> int:
    """Frequency of clk_peri; the divider behind it does not exist on the RP2040."""
    source = chip.clocks.peri_ctrl >> 5 & 7
    return PERIPHERAL_SOURCES_HZ[min(source, len(PERIPHERAL_SOURCES_HZ) - 1)]
