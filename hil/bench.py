"""What the firmware costs on the emulated RP2040: cycles at 125 MHz, memory, ratios.

Usage: python -m hil.bench [--json]

Single functions are timed on the lab image, whole methods on the product's image over its link
with an emulated SDM630 on 9600 baud. Time is emulated and the noise is seeded, so the figures
repeat exactly. Device time of a method runs from the last bit of its request to the first bit of
its reply. It leaves out the misses of the flash cache, which the emulator does not know; what they
would add is told apart, by a model, see hil/flash_cache.py.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from wattseal.wire import messages

from hil import flash_cache
from hil.board import image_path, load_board, rig_board
from hil.lab import LAB_IMAGE
from hil.owner import Owner
from hil.registry import Registry
from hil.rp2040.desk import Desk
from hil.rp2040.lab import Rp2040Lab
from hil.rp2040.rosc import seeded_bits
from hil.setup import MeterSetup, Setup
from hil.timeline import NS_PER_MS, NS_PER_S

IMAGE = image_path(rig_board("rp2040"))
CYCLES_PER_US = 125
PAYLOAD_BYTES = 500
COLLECTING_MS = 250
"""Longer than the start collects noise, whose interrupts are no part of the functions timed."""
SUSTAINED_RECORDS = 10
BOOT_LIMIT_NS = 5 * NS_PER_S
IDLE_NS = 2 * NS_PER_S
"""Before a session begins: time enough for the module to erase the sector of its first record."""
REPLY_LIMIT_NS = 10 * NS_PER_S
POLL_NS = 100_000

LOG_SIZE = 1_000
"""Entries of the registry's log: an inclusion proof of ten hashes."""
UNIX_MS = 1_795_000_000_000
MINUTE_MS = 60_000

SETTINGS = {
    "gateway_id": "WATTSEAL",
    "gateway_serial": "WS-0001",
    "meter_profile": "sdm630",
    "charge_point_type": "EVSEID",
    "charge_point_id": "DE*WSL*E00001",
}

CLOCK = {"unix_ms": UNIX_MS, "utc_offset_min": 60, "source": "informative"}
DRIVER = {"id_tag": "1F2D3A4F5506C7", "id_type": "ISO14443"}

# Runs in the lab image's prompt before the statements below.
PREPARE = f"""
import time, _wattseal, _wattseal_lab
digest = _wattseal.sha256(b"wattseal")
payload = b"{{" + b"x" * {PAYLOAD_BYTES - 1}
time.sleep_ms({COLLECTING_MS})
"""
FUNCTIONS: dict[str, tuple[str, float | None]] = {
    "sign_without_fault_check": ("_wattseal_lab.sign_without_check(digest)", 1_350_000),
    "sign": ("_wattseal_lab.sign(digest)", 2_400_000),
    "public_key": ("_wattseal_lab.public_key()", 1_100_000),
    "firmware_identity": ("_wattseal.firmware_identity()", 20_000_000),
    "key_generation": ("_wattseal.key_create(1)", 25_000_000),
    "key_generation_with_sampling": ("_wattseal.key_create(2)", None),
    "sign_record": ("signature = _wattseal.sign_record(1, payload)", None),
    "verify": ("_wattseal.verify(key, payload, der)", 5_000_000),
    "self_test_at_boot": ("_wattseal.self_test(False)", None),
    "self_test": ("_wattseal.self_test(True)", None),
}
"""Statements to time in the lab image's prompt, and the most cycles that are meant."""
FILL_JOURNAL = """
from app.journal import Journal, JournalState, SPARE_WHILE_OPEN
journal = Journal(_wattseal, _wattseal.AREA_JOURNAL)
while journal.has_room(len(record), SPARE_WHILE_OPEN):
    state = JournalState()
    state.pagination = journal.state.pagination + 1
    journal.store(record, state, SPARE_WHILE_OPEN)
"""
BEFORE_VERIFY = """
import json
key = _wattseal.key_public(1)
der = bytes.fromhex(json.loads(signature)["SD"])
"""


@dataclass(frozen=True)
class Figure:
    """One line of the result; `limit` is the most (or with `at_least` the least) that is meant."""

    value: float
    unit: str
    target: str = "rp2040"
    limit: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the value keeps the limit; True without one."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def cache_figures(name: str, misses: int) -> dict[str, Figure]:
    """What the flash cache would add, by the model."""
    milliseconds = flash_cache.milliseconds(misses)
    return {
        f"{name}_cache_misses": Figure(misses, "misses (model)"),
        f"{name}_cache_ms": Figure(
            round(milliseconds, 2), f"ms more (model, {flash_cache.MISS_CYCLES} cycles a miss)"
        ),
    }


def time_functions() -> dict[str, Figure]:
    """Cycles of single functions, on the lab image."""
    figures = {}
    lab = Rp2040Lab(LAB_IMAGE.read_bytes(), load_board(), noise=seeded_bits(1))
    try:
        lab.execute(PREPARE)
        for name, (statement, limit) in FUNCTIONS.items():
            if name == "verify":
                lab.execute(BEFORE_VERIFY)
            elapsed_us = lab.execute(
                f"start = time.ticks_us()\n{statement}\n"
                "print(time.ticks_diff(time.ticks_us(), start))"
            )
            figures[f"{name}_cycles"] = Figure(
                int(elapsed_us) * CYCLES_PER_US, "cycles", limit=limit
            )
        sign_misses = flash_cache.count_sign_misses(lab, LAB_IMAGE.with_suffix(".elf"))
    finally:
        lab.close()
    return {**figures, **cache_figures("sign", sign_misses)}


class StackPaint:
    """How deep the C stack was ever used: painted before the start, looked at later."""

    START, END = 0x40000, 0x42000  # SRAM4 and SRAM5, where the port puts its 8 KB of stack
    PAINT = b"\xa5"

    def __init__(self, desk: Desk) -> None:
        self._ram = desk.chip.mcu.sram
        self._ram[self.START : self.END] = self.PAINT * (self.END - self.START)

    def free_bytes(self) -> int:
        """Bytes at the stack's far end that nothing ever touched."""
        stack = bytes(self._ram[self.START : self.END])
        return len(stack) - len(stack.lstrip(self.PAINT))


class Client:
    """Calls methods of a module on the desk and takes their device time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._calls = 0

    def call(self, method: str, **params: object) -> tuple[dict[str, object], int]:
        """The result fields and the device time in nanoseconds."""
        self._calls += 1
        link = self._desk.link
        link.send(messages.encode(messages.request(self._calls, method, params)))
        answered = link.marked + 2  # the request's line and the reply's
        self._desk.chip.run_until(lambda: link.marked >= answered, REPLY_LIMIT_NS, POLL_NS)
        request, reply = list(link.marks)[-2:]
        found = messages.decode(reply.text.rstrip())
        return messages.read_reply(found, self._calls), reply.start_ns - request.end_ns


def time_commissioning(client: Client, desk: Desk) -> dict[str, Figure]:
    """Device time of the steps that lead from a fresh module to an operational one."""
    registry = Registry()
    registry.grow(LOG_SIZE)
    serial = {"meter_serial": desk.meter.serial}
    client.call("configure", **SETTINGS, **serial, **registry.settings, **Owner().settings)
    taken_ns = {}
    _, taken_ns["seal_settings"] = client.call("seal")
    proven, taken_ns["prove"] = client.call("prove", challenge=registry.challenge())
    proof = registry.register(str(proven["statement"]), str(proven["signature"]), UNIX_MS)
    _, taken_ns["accept_publication"] = client.call("accept_publication", **proof.params())
    return {name: Figure(round(ns / NS_PER_MS, 1), "ms") for name, ns in taken_ns.items()}


def time_start(desk: Desk, limit: float) -> Figure:
    """From the power, which was just given, to the first sleep, which waits for requests."""
    chip, link_pin = desk.chip, desk.board.link.tx_pin
    chip.run_until(lambda: chip.idle and chip.uart_connected(link_pin), BOOT_LIMIT_NS, POLL_NS)
    return Figure(round(chip.nanos / NS_PER_MS, 1), "ms", limit=limit)


def full_journal(record: str) -> bytes:
    """The journal's area of flash, filled with this record by the lab image."""
    board = load_board()
    lab = Rp2040Lab(LAB_IMAGE.read_bytes(), board, noise=seeded_bits(3))
    try:
        lab.execute(f"import _wattseal\nrecord = {record.encode()!r}\n{FILL_JOURNAL}")
        start, size = board.areas["journal"]
        return lab.chip.flash_image()[start : start + size]
    finally:
        lab.close()


def time_full_journal(desk: Desk, record: str) -> dict[str, Figure]:
    """Device time of the start with a full journal, and of the list of its oldest records."""
    flash = desk.power_cut()
    start, size = desk.board.areas["journal"]
    desk.power_on(flash[:start] + full_journal(record) + flash[start + size :])
    started = time_start(desk, limit=430)
    page, oldest_page_ns = Client(desk).call("records")
    records = page["records"]
    if not isinstance(records, list) or records[0]["pagination"] != 1 or page["next"] is None:
        raise ValueError("that is not the oldest page of a full journal")
    return {
        "start_with_full_journal": started,
        "oldest_page_of_full_journal": Figure(oldest_page_ns / NS_PER_MS, "ms", limit=100),
    }


def time_methods() -> dict[str, Figure]:
    """Device time of whole methods, on the product's image."""
    desk = Desk(
        IMAGE.read_bytes(),
        load_board(),
        Setup(meter=MeterSetup(profile="sdm630", power_w=11_000)),
        noise=seeded_bits(2),
    )
    desk.power_on()
    paint = StackPaint(desk)
    first_start = time_start(desk, limit=800)  # it erases the sector of each log that it opens
    client = Client(desk)
    commissioning = time_commissioning(client, desk)
    client.call("set_time", **CLOCK)
    at_rest, _ = client.call("status")
    _, read_ns = client.call("read_meter")
    desk.chip.run_for(IDLE_NS)
    begun, begin_ns = client.call("begin", **DRIVER)
    loop_ns = sum(client.call("intermediate")[1] for _ in range(SUSTAINED_RECORDS))
    _, end_ns = client.call("end")
    stack_free = paint.free_bytes()
    desk.power_cut()
    desk.power_on()
    start = time_start(desk, limit=430)
    client.call("set_time", **{**CLOCK, "unix_ms": UNIX_MS + MINUTE_MS})
    begin_misses = flash_cache.count_call_misses(desk, lambda: client.call("begin", **DRIVER))
    client.call("end")
    of_full_journal = time_full_journal(desk, str(begun["record"]))
    heap_free = at_rest["heap_free_bytes"]
    if not isinstance(heap_free, int):
        raise TypeError("status told no free memory")
    return {
        "first_start": first_start,
        "start": start,
        **of_full_journal,
        **commissioning,
        "read_meter": Figure(read_ns / NS_PER_MS, "ms"),
        "begin": Figure(begin_ns / NS_PER_MS, "ms", limit=128),
        "begin_cycles": Figure(begin_ns * CYCLES_PER_US // 1000, "cycles"),
        **cache_figures("begin", begin_misses),
        "end": Figure(end_ns / NS_PER_MS, "ms", limit=125),
        "end_cycles": Figure(end_ns * CYCLES_PER_US // 1000, "cycles"),
        "sustained_records": Figure(
            round(SUSTAINED_RECORDS * NS_PER_S / loop_ns, 3),
            "records/s of device time",
            limit=7.8,
            at_least=True,
        ),
        "stack_free": Figure(stack_free, "bytes", limit=1024, at_least=True),
        "heap_free_at_rest": Figure(heap_free, "bytes", limit=185 * 1024, at_least=True),
    }


def measure_memory() -> dict[str, Figure]:
    """Flash and static RAM of the product's image."""
    sizes = subprocess.run(
        ["arm-none-eabi-size", IMAGE.with_suffix(".elf")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()[1]
    _, data, bss = (int(number) for number in sizes.split()[:3])
    return {
        "image": Figure(IMAGE.stat().st_size, "bytes", limit=335 * 1024),
        "static_ram": Figure(data + bss, "bytes"),
    }


def show(figures: dict[str, Figure]) -> None:
    """The figures as a table for people."""
    table = Table("figure", "value", "unit", "limit", "")
    for column in table.columns[1:2]:
        column.justify = "right"
    for name, figure in figures.items():
        bound = "" if figure.limit is None else f"{'≥' if figure.at_least else '≤'} {figure.limit}"
        value = f"{figure.value:,.2f}" if isinstance(figure.value, float) else f"{figure.value:,}"
        table.add_row(name, value, figure.unit, bound, "" if figure.met else "[red]missed[/red]")
    Console().print(table)


def main(arguments: list[str] | None = None) -> int:
    """Command line; exit status 1 when a limit is missed."""
    parser = argparse.ArgumentParser(
        prog="./dev bench",
        description=__doc__.split("\n\n", 1)[0],
        epilog=__doc__.split("\n\n", 2)[2],
    )
    parser.add_argument("--json", action="store_true", help="one object: name -> value, unit, ...")
    options = parser.parse_args(arguments)
    missing = [path for path in (IMAGE, LAB_IMAGE) if not Path(path).exists()]
    if missing:
        print(f"bench: {missing[0]} is missing; run ./dev bench, which builds it", file=sys.stderr)
        return 2
    figures = {**time_functions(), **time_methods(), **measure_memory()}
    if options.json:
        print(json.dumps({name: asdict(figure) for name, figure in figures.items()}, indent=2))
    else:
        show(figures)
    return 0 if all(figure.met for figure in figures.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
