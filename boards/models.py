"""The form of `board.toml`, and of what is known of chips and ready-made boards.

A member's description says what to give: it is part of the message when something else is given.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Pin = Annotated[int, Field(ge=0, le=63, description="the number of a GPIO, as 4")]
Name = Annotated[
    str,
    Field(
        pattern="^[a-z][a-z0-9_]{0,29}$",
        description="1 to 30 small letters, digits and underscores, a letter first",
    ),
]
Text = Annotated[
    str, Field(pattern="^[ -~]{1,60}$", description="1 to 60 printable ASCII characters")
]
UsbText = Annotated[
    str,
    Field(
        pattern=r"^[ !#-\[\]-~]{1,40}$",
        description="1 to 40 printable ASCII characters, no quotes and no backslashes",
    ),
]
Offset = Annotated[int, Field(ge=0, lt=1 << 32, description="bytes from the start of the flash")]
AddressRange = Annotated[list[int], Field(min_length=2, max_length=2)]
Transport = Annotated[Literal["usb", "uart"], Field(description='"usb" or "uart"')]


class Variant(_Facts):
    """What an image of the same board is built with instead."""

    transport: Transport | None = None
    prompt: bool = Field(default=False, description="true for a prompt instead of the application")
    release: Annotated[str, Field(pattern=r"^[\w./-]+\.toml$")] | None = Field(
        default=None, description="a release.toml, by its path from the top of the repository"
    )
    sanitizers: Annotated[str, Field(pattern="^[a-z,]+$")] | None = Field(
        default=None, description="what the compiler's -fsanitize takes"
    )


Variants = dict[Annotated[str, Field(pattern="^[a-z][a-z0-9]{0,11}$")], Variant]


class ChipUart(_Facts):
    """The pins that a UART of the chip can be led to; "any" where a matrix leads it anywhere."""

    tx: list[Pin] | Literal["any"]
    rx: list[Pin] | Literal["any"]


class Layout(_Facts):
    """What an image of this chip begins with, for the last check before it is given out.

    `vectors` is the offset of the vector table; `ram` and `flash` are address ranges, the second
    number one past the end.
    """

    vectors: int
    ram: AddressRange
    flash: AddressRange
    boot2: bool = False
    image_def: int | None = None


class Chip(_Facts):
    """What boards with one chip share. `port` is MicroPython's, and a folder of `boards/ports`.

    `usb`: its firmware has USB with strings of its own; `samples_noise`: a board tells how often.
    """

    title: Text
    source: str
    tried: str = Field(description="what of it was run, and what never was")
    port: Literal["rp2", "unix", "qemu", "esp32"]
    target: Name = Field(description="what the port's build calls the chip")
    compiler: str = Field(pattern="^[a-z0-9-]+$", description="the command of its C compiler")
    kit: Name | None = Field(default=None, description="what a board without one is built as")
    clocks_hz: list[int] = []
    pins: list[Pin] = []
    unusable: dict[str, Text] = {}
    uart: dict[str, ChipUart] = {}
    usb: bool = False
    samples_noise: bool = False
    flash_tail_bytes: int = 0
    boot_loader_family: int | None = None
    layout: Layout | None = None
    variants: Variants = {}


class Kit(_Facts):
    """A board that is bought ready-made: what is wired on it, and where its pins come out."""

    title: Text
    source: str
    sdk_name: Name = Field(description="what the port's build calls it")
    chip: Name
    flash_bytes: int
    taken: dict[str, Text] = {}
    pads: dict[str, Text] = {}
    supply: dict[str, Text] = {}
    grounds: list[int] = Field(default=[], description="its ground pins, by their numbers")
    bridge: list[Pin] = Field(default=[], description="TX and RX of a bridge from UART to USB")


class Link(_Facts):
    """The way to the host. The UART's members may be left out where only USB is wired."""

    transport: Transport
    uart: int | None = Field(default=None, description="the number of the UART")
    tx_pin: Pin | None = None
    rx_pin: Pin | None = None
    baud: int | None = Field(
        default=None, ge=9600, le=1_000_000, description="from 9600 to 1000000 baud"
    )


class Usb(_Facts):
    """What the module says of itself on USB."""

    vid: int = Field(ge=1, le=0xFFFF, description="a vendor id of USB, as 0x1209")
    pid: int = Field(ge=1, le=0xFFFF, description="a product id of USB, as 0x0001")
    manufacturer: UsbText
    product: UsbText


class MeterLine(_Facts):
    """RS-485 to the meter. `echo`: the receiver hears what the driver sends."""

    uart: int = Field(description="the number of the UART")
    tx_pin: Pin
    rx_pin: Pin
    driver_enable_pin: Pin | None = None
    automatic_direction: bool = Field(
        default=False, description="true if the transceiver switches its driver by itself"
    )
    isolated: bool = Field(default=False, description="true if the transceiver is isolated")
    echo: bool = Field(default=False, description="true if the receiver is on while sending")


class Noise(_Facts):
    """How the chip's noise source is read."""

    sample_period_us: int = Field(ge=1, le=1000, description="from 1 to 1000 microseconds")


class BootLoader(_Facts):
    """A boot loader that takes UF2 files from a drive."""

    vid: int | None = Field(
        default=None, ge=1, le=0xFFFF, description="the boot loader's vendor id of USB, as 0x2e8a"
    )
    pid: int | None = Field(
        default=None, ge=1, le=0xFFFF, description="the boot loader's product id of USB, as 0x0003"
    )
    board_id: Text
    base: int = Field(ge=0, lt=1 << 32, description="the address at which the flash begins")
    family: int | None = Field(default=None, description="the family number of its UF2 blocks")
    whole_pages: bool


class Area(_Facts):
    """Sectors of the flash that hold one thing."""

    offset: Offset
    sectors: int = Field(ge=2, le=65_536, description="at least 2 sectors")


class Areas(_Facts):
    """The parts of the flash, in this order."""

    keys: Area
    settings: Area
    statements: Area
    events: Area
    journal: Area


class Flash(_Facts):
    """The flash and its division; `image_limit_bytes` is 0 where no image lies in it."""

    size_bytes: int = Field(ge=4096, le=1 << 28, description="from 4 KB to 256 MB, in bytes")
    sector_bytes: Literal[4096] = Field(description="4096: what one erase command clears")
    page_bytes: Literal[256] = Field(description="256: what one program command writes")
    image_limit_bytes: Offset
    areas: Areas


class Board(_Facts):
    """One board.toml."""

    name: Name
    title: Text
    chip: Name
    kit: Name | None = None
    clock_hz: int | None = None
    link: Link | None = None
    usb: Usb | None = None
    meter_line: MeterLine | None = None
    noise: Noise | None = None
    boot_loader: BootLoader | None = None
    flash: Flash
    variants: Variants = {}
