"""The link over USB, in emulated time: its names, its speed, and hosts that do not fetch."""

from collections.abc import Iterator

import pytest
from wattseal.wire import messages

from hil.bench import IMAGE
from hil.board import REPOSITORY, load_board, load_usb
from hil.rp2040.desk import Desk
from hil.rp2040.link_line import UsbLink
from hil.rp2040.rosc import seeded_bits
from hil.rp2040.usb_host import UsbHost
from hil.setup import DEFAULT_CHIP_ID, Setup
from hil.timeline import NS_PER_MS, NS_PER_S

pytestmark = pytest.mark.image("rp2040")

LONG_LINE_BYTES = 3_577
LONG_LINE_LIMIT_MS = 60
SHORT_TIME_NS = NS_PER_S // 2


class Host:
    """Says lines to a module and sees what arrives, and when."""

    def __init__(self) -> None:
        self.desk = Desk(IMAGE.read_bytes(), load_board(), Setup(), seeded_bits(1))
        self.desk.power_on()
        assert isinstance(self.desk.link, UsbLink)
        self.link = self.desk.link
        self.number = 0

    @property
    def usb(self) -> UsbHost:
        assert self.link.host is not None
        return self.link.host

    def ask(self, count: int = 1, method: str = "hello", **params: object) -> None:
        for _ in range(count):
            self.number += 1
            self.link.send(messages.encode(messages.request(self.number, method, params)))

    def run(self, duration_ns: int) -> None:
        self.desk.chip.run_for(duration_ns)

    def said(self) -> list[bytes]:
        """The lines that have come since the last call; only whole ones."""
        data = self.link.take()
        assert data == b"" or data.endswith(b"\n"), data
        return data.splitlines()

    def answers(self, count: int, limit_ns: int = 5 * NS_PER_S) -> list[int]:
        """The ids of the next replies."""
        until = self.link.marked + 2 * count
        self.desk.chip.run_until(lambda: self.link.marked >= until, limit_ns)
        return self.ids()

    def ids(self) -> list[int]:
        return [int(str(messages.decode(line)["id"])) for line in self.said()]


@pytest.fixture(scope="module")
def started() -> Iterator[Host]:
    host = Host()
    host.ask()
    assert host.answers(1) == [1]
    yield host
    host.desk.power_cut()


@pytest.fixture
def host(started: Host) -> Iterator[Host]:
    """A module that serves, all its replies fetched."""
    yield started
    started.usb.fetches = True
    started.usb.set_lines(dtr=True)
    started.run(SHORT_TIME_NS)
    started.link.take()


def test_a_module_tells_who_made_it_and_its_chips_id(host: Host) -> None:
    identity = host.usb.identity
    assert identity is not None
    told = load_usb()
    assert (identity.vendor_id, identity.product_id) == (told.vid, told.pid)
    assert (identity.manufacturer, identity.product) == (told.manufacturer, told.product)
    assert identity.manufacturer == "Wattseal"
    assert identity.serial_number == DEFAULT_CHIP_ID.hex()


def test_the_buffer_has_room_for_the_longest_line() -> None:
    source = (REPOSITORY / "firmware/ports/rp2/modusb_link.c").read_text(encoding="ascii")
    assert f"#define LONGEST_LINE {messages.MAX_LINE_BYTES} " in source


def test_a_long_line_is_taken_and_answered_in_60_ms(host: Host) -> None:
    host.run(3 * NS_PER_S)  # what a module does once after its start is done
    for _ in range(5):
        start_ns = host.desk.timeline.now_ns()
        host.ask(x="y" * (LONG_LINE_BYTES - 79))
        assert host.link.pending >= LONG_LINE_BYTES - 20
        host.answers(1)
        answered = host.link.marks[-1]
        assert b"invalid_params" in answered.text
        taken_ms = (answered.end_ns - start_ns) / NS_PER_MS
        print(f"{taken_ms:.1f} ms")
        assert taken_ms < LONG_LINE_LIMIT_MS


def test_a_host_that_fetches_nothing_for_3_s_loses_nothing(host: Host) -> None:
    host.usb.fetches = False
    host.ask(method="status")
    host.run(3 * NS_PER_S)
    assert host.link.take() == b""
    host.usb.fetches = True
    host.run(NS_PER_S // 10)
    assert host.ids() == [host.number]
    host.ask()
    assert host.answers(1) == [host.number]


def test_a_host_that_never_fetches_stops_neither_the_module_nor_its_watchdog(host: Host) -> None:
    """Its further requests wait on its own side of the cable, and are answered when it does."""
    first = host.number + 1
    host.usb.fetches = False
    host.ask(30)
    resets = host.desk.chip.watchdog_resets
    host.run(20 * NS_PER_S)
    assert host.link.take() == b""
    assert host.link.pending > 0
    assert host.desk.chip.watchdog_resets == resets == 0
    assert host.desk.chip.watchdog.longest_hunger_ns < 3 * NS_PER_S
    host.usb.fetches = True
    host.run(2 * NS_PER_S)
    assert host.ids() == list(range(first, first + 30))


@pytest.mark.parametrize("reply_is_under_way", [True, False])
def test_what_a_program_has_not_fetched_is_not_the_next_ones(
    host: Host, reply_is_under_way: bool
) -> None:
    host.usb.fetches = not reply_is_under_way
    host.ask(method="status")
    host.run(SHORT_TIME_NS)
    if not reply_is_under_way:
        assert host.ids() == [host.number]
    host.usb.set_lines(dtr=False)
    host.run(NS_PER_MS * 100)
    host.usb.fetches = True
    host.usb.set_lines(dtr=True)
    host.run(NS_PER_MS * 100)
    left = host.said()
    assert len(left) == reply_is_under_way
    assert all(len(line) <= 64 for line in left), "the packet that was in the endpoint, no more"
    host.ask()
    assert host.answers(1) == [host.number]


def test_a_program_that_does_not_set_dtr_is_served() -> None:
    host = Host()
    host.usb.sets_dtr = False
    host.ask(10)
    assert host.answers(10) == list(range(1, 11))
    host.desk.power_cut()


def test_the_port_is_gone_with_a_reset_and_back_after_it() -> None:
    host = Host()
    host.ask()
    assert host.answers(1) == [1]
    host.desk.chip.mcu.write_uint32(0x40058000, 1 << 31)  # WATCHDOG.CTRL.TRIGGER
    host.desk.chip.run_until(lambda: host.desk.chip.watchdog_resets == 1, NS_PER_S)
    assert not host.link.is_there
    host.desk.chip.run_until(lambda: host.link.is_there, NS_PER_S)
    host.ask()
    assert host.answers(1) == [2]
    host.desk.power_cut()
