"""What is on the desk: a module with an RP2040, its meter, the lines between them, its supply.

The caller makes the time pass, by `run_for` and the like: a benchmark in its own thread, or the
rig's engine. Time goes on while chips are exchanged.
"""

from collections.abc import Callable
from functools import partial

from boards.facts import BoardError
from hil.board import Board
from hil.flash import FlashOperation, MarginalCells, Moment
from hil.meter.port import MeterPort
from hil.rp2040 import boot_rom
from hil.rp2040.chip import Chip
from hil.rp2040.link_line import LinkLine, UartLink, UsbLink
from hil.rp2040.pin_trace import PinTrace
from hil.rp2040.rosc import Noise
from hil.rp2040.spi_flash import SECTOR_SIZE, FlashTiming
from hil.rp2040.transceiver import Transceiver
from hil.setup import NOISES, Setup
from hil.timeline import EmulatedTimeline

CutPolicy = Callable[[FlashOperation], Moment | None]
"""Told of each flash operation; the moment in it at which the power fails, None for not at all."""


def flashed(flash: bytes, image: bytes) -> bytes:
    """The flash after a programmer has put this image into it; what lies behind it stays."""
    sectors = -(-len(image) // SECTOR_SIZE) * SECTOR_SIZE
    return image.ljust(sectors, b"\xff") + flash[sectors:]


class NoPowerError(Exception):
    """The module has no power; switch it on first."""


class Desk:
    """One module and one meter. The module is off until `power_on`."""

    def __init__(
        self,
        image: bytes,
        board: Board,
        setup: Setup,
        noise: Noise | None = None,
        flash_timing: FlashTiming | None = None,
        *,
        uart_link: bool = False,
    ) -> None:
        """`image` is the firmware for a factory-fresh module; `noise` goes before the setup's.

        `uart_link`: the image has its link on the UART, whatever the board's transport.
        """
        self.board = board
        self.timeline = EmulatedTimeline()
        self.meter = setup.meter.build(self.timeline.now_ns)
        self.meter_port = MeterPort(
            self.timeline,
            self.meter,
            setup.meter.line_format(self.meter),
            lambda character: self.transceiver.from_line(character),
            lambda character: self.transceiver.echo(character),
            setup.meter.turnaround_ns,
        )
        self.link: LinkLine = UsbLink(self.timeline)
        if uart_link or board.transport == "uart":
            if board.link is None:
                raise BoardError(f"the board {board.name} has no UART for its link")
            self.link = UartLink(self.timeline, board.link.uart, board.link.baud)
        self.cut_policy: CutPolicy = lambda _: None
        self.operations: list[FlashOperation] = []
        """Flash operations since the module was last switched on."""
        self._chip_id = setup.chip_id
        self._noise = noise or NOISES[setup.noise]()
        self._flash_timing = flash_timing
        blank = b"\xff" * board.flash_size
        self._flash = setup.flash if setup.flash is not None else flashed(blank, image)
        self._marginal = setup.marginal
        self.flash_at_power_on = self._flash
        self._chip: Chip | None = None
        self._transceiver: Transceiver | None = None

    @property
    def powered(self) -> bool:
        """Whether the module is on; False too once the power was cut in a flash operation."""
        return self._chip is not None and self._chip.powered

    @property
    def in_boot_loader(self) -> bool:
        """Whether the module is on and its chip waits for an image."""
        return self.powered and self.chip.in_boot_loader

    @property
    def has_chip(self) -> bool:
        """Whether there is a chip still, though its power may just have been cut."""
        return self._chip is not None

    @property
    def chip(self) -> Chip:
        """The chip; NoPowerError if it is off."""
        if self._chip is None:
            raise NoPowerError("the module has no power; switch it on first")
        return self._chip

    @property
    def transceiver(self) -> Transceiver:
        """The meter line's transceiver, with its driver-enable trace and its errors."""
        if self._transceiver is None:
            raise NoPowerError("the module has no power; switch it on first")
        return self._transceiver

    @property
    def busy_lines(self) -> bool:
        """Whether anything is under way on the link or on the meter's line."""
        return self.link.pending > 0 or self.link.awaits_reply or self.meter_port.busy

    def flash_image(self) -> bytes:
        """The bytes in the flash now."""
        return self._chip.flash_image() if self._chip is not None else self._flash

    def power_on(self, flash: bytes | None = None, *, boot_select: bool = False) -> None:
        """Boot from the flash as it is, or from other bytes.

        `boot_select` is the button that leads into the boot loader, which a flash does too whose
        first stage is damaged.
        """
        if self._chip is not None:
            raise ValueError("the module is on already; cut its power first")
        if flash is not None:
            self._flash, self._marginal = flash, MarginalCells()
        self._flash = self._marginal.read(self._flash)
        self.flash_at_power_on = self._flash
        self.operations = []
        self._chip = Chip(
            self._flash,
            flash_size=self.board.flash_size,
            unique_id=self._chip_id,
            timeline=self.timeline,
            noise=self._noise,
            flash_timing=self._flash_timing,
            observe=self._observe,
        )
        if boot_select or not boot_rom.boots(self._flash):
            self._chip.enter_boot_loader()
            return
        self._wire(self._chip)

    def put_flash(self, flash: bytes) -> None:
        """Replace what the flash of a module holds that is off."""
        if self._chip is not None:
            raise ValueError("the module is on; cut its power first")
        self._marginal.replace(self._flash, flash)
        self._flash = flash

    def go_dead(self) -> None:
        """Nothing passes on the lines any more: no firmware runs, or there is no power."""
        self.link.detach()
        self.meter_port.fall_silent()

    def revive(self) -> None:
        """Connect the lines anew: the boot loader has started what is in the flash."""
        self._wire(self.chip)

    def power_cut(self) -> bytes:
        """Take the power away at this instant; the bytes that stay in the flash."""
        chip = self.chip
        self._flash = chip.flash_image()
        self.go_dead()
        chip.close()
        self._chip = self._transceiver = None
        return self._flash

    def _wire(self, chip: Chip) -> None:
        board = self.board
        driver_enable = PinTrace(chip.mcu.gpio[board.driver_enable_pin], self.timeline)
        self._transceiver = Transceiver(
            chip.uart[board.meter_line.uart],
            driver_enable,
            self.meter_port.hear,
        )
        self.link.attach(chip)
        for pins in filter(None, (board.link, board.meter_line)):
            uart = chip.uart[pins.uart]
            uart.has_tx_pin = partial(chip.uart_connected, pins.tx_pin)
            uart.has_rx_pin = partial(chip.uart_connected, pins.rx_pin)

    def _observe(self, operation: FlashOperation) -> Moment | None:
        self.operations.append(operation)
        cut_at = self.cut_policy(operation)
        if cut_at is Moment.MARGINAL:
            self._marginal.leave(self.chip.flash_image(), operation)
        elif cut_at in (None, Moment.AFTER):
            self._marginal.hold(operation)
        return cut_at
