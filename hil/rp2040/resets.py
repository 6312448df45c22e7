"""The reset controller: holding a UART in reset through it resets that UART.

RP2040 datasheet, section 2.14. The SDK does this each time it initialises a UART, so characters
received at an old baud rate do not survive a change of the line.
"""

from rp2040py.peripherals.reset import RESET, RESET_UART0, RESET_UART1, RPReset

UART_BITS = (RESET_UART0, RESET_UART1)


class Resets(RPReset):
    """rp2040py's controller, with effect on the UARTs."""

    def write_uint32(self, offset: int, value: int) -> None:
        """Write a register."""
        before = self.read_uint32(RESET)
        super().write_uint32(offset, value)
        newly_held = self.read_uint32(RESET) & ~before
        for uart, bit in zip(self.rp2040.uart, UART_BITS, strict=True):
            if newly_held & bit:
                uart.reset()
