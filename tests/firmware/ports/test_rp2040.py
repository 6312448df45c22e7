"""The core and its port on the emulated RP2040, at the prompt of the lab image."""

import hashlib
import hmac
from collections.abc import Iterator
from itertools import pairwise

import pytest

from hil.board import load_board
from hil.lab import LAB_IMAGE, LabError
from hil.line import LineFormat, Transmitter
from hil.picoboot import PicobootHost
from hil.rp2040.boot_rom import FLASH_BASE
from hil.rp2040.lab import LAB_ID, Rp2040Lab
from hil.rp2040.rosc import BitSource, Oscillation, RingOscillator, seeded_bits
from hil.timeline import NS_PER_MS

CYCLES_PER_US = 125
CYCLE_NS = 8
CHARACTER_US = 1042  # of ten bits at 9600 baud
# Every start hashes the whole image: what that may take, and what a byte of it costs.
IDENTITY_LIMIT_US = 300_000
CYCLES_PER_BYTE_LIMIT = 90  # 86 when this was written, the cache of the flash left out

SEED_SAMPLES = 9216
SAMPLE_PERIOD_NS = 20_000
SHORTEST_PERIOD_NS, LONGEST_PERIOD_NS = 22_000, 26_000
ERASE_NS = 40_000_000  # the least that the chip is busy with a sector
COLLECTING_MS = 300  # longer than the samples of a seed take
RANDOM_LIMIT_US = 10_000  # of a number from samples that are there; 6,500 when this was written

TIMER_INTE = 0x40054038
WRITE_SETS, WRITE_CLEARS = 0x2000, 0x3000
NOISE_ALARM = 0b0001  # the first that nobody else uses

pytestmark = pytest.mark.image("rp2040-lab")


class WatchedNoise:
    """A noise source that remembers when it gave which bit; `source` may be changed."""

    def __init__(self) -> None:
        self.source: BitSource = seeded_bits(1)
        self.bits: list[int] = []
        self.times_ns: list[int] = []
        self.lab: Rp2040Lab | None = None

    def __call__(self) -> int:
        bit = self.source()
        self.bits.append(bit)
        if self.lab is not None:
            self.times_ns.append(self.lab.chip.nanos)
        return bit


class CountedOscillator(RingOscillator):
    """An oscillator that counts how often it was looked at."""

    count = 0

    def bit_at(self, now_ns: int) -> int:
        self.count += 1
        return super().bit_at(now_ns)


@pytest.fixture
def noise() -> Iterator[WatchedNoise]:
    """What the lab image under `noise.lab` takes its samples from."""
    noise = WatchedNoise()
    noise.lab = Rp2040Lab(LAB_IMAGE.read_bytes(), load_board(), noise=noise)
    noise.lab.execute("import _wattseal, time, machine")
    yield noise
    noise.lab.close()


def number_from(bits: list[int]) -> bytes:
    """What `random` makes of the samples of one seed: SP 800-90A's HMAC-DRBG over two hashes."""
    raw = int("".join(map(str, bits)), 2).to_bytes(SEED_SAMPLES // 8)
    half = (1024 + 4096) // 8
    material = hashlib.sha256(raw[:half]).digest() + hashlib.sha256(raw[half:]).digest() + LAB_ID
    key, value = bytes(32), b"\x01" * 32
    for separator in (b"\x00", b"\x01"):
        key = hmac.digest(key, value + separator + material, "sha256")
        value = hmac.digest(key, value, "sha256")
    return hmac.digest(key, value, "sha256")


@pytest.fixture(scope="module")
def lab() -> Iterator[Rp2040Lab]:
    lab = Rp2040Lab(LAB_IMAGE.read_bytes(), load_board(), noise=seeded_bits(1))
    lab.execute("import _wattseal, time")
    yield lab
    lab.close()


def timed(lab: Rp2040Lab, statement: str) -> int:
    """Microseconds of emulated time that a statement takes."""
    said = lab.execute(
        f"start = time.ticks_us()\n{statement}\nprint(time.ticks_diff(time.ticks_us(), start))"
    )
    return int(said)


def test_the_identity_is_the_hash_of_the_image_and_taken_once(lab: Rp2040Lab) -> None:
    image = LAB_IMAGE.read_bytes()
    first_us = timed(lab, "identity = _wattseal.firmware_identity()")
    assert lab.execute("print(identity.hex())").strip() == hashlib.sha256(image).hexdigest()
    assert 0 < first_us <= IDENTITY_LIMIT_US
    assert first_us * CYCLES_PER_US / len(image) <= CYCLES_PER_BYTE_LIMIT
    assert timed(lab, "again = _wattseal.firmware_identity()") < first_us / 100
    assert lab.execute("print(again == identity)").strip() == "True"


def test_a_key_rolls_over_and_the_old_one_is_gone_from_the_flash(lab: Rp2040Lab) -> None:
    start, size = load_board().areas["keys"]
    lab.execute("_wattseal.key_create(1)")
    old = lab.chip.flash_image()[start : start + 256]
    lab.execute("_wattseal.key_create(2)\n_wattseal.key_erase(1)")
    listed = lab.execute("print([n for n, _ in _wattseal.key_slots()[1]])").strip()
    assert listed == "[2]"
    area = lab.chip.flash_image()[start : start + size]
    private_key = old[48:80]
    assert len(set(private_key)) > 8
    assert private_key not in area
    assert set(area[:4096]) == {0xFF}


KEYS_MADE_USED_AND_ERASED = """
for number in (1, 2):
    _wattseal.key_create(number)
_wattseal.key_secure(2)
_wattseal.sign_statement(2, b"text")
_wattseal.key_erase(1)
_wattseal.key_erase_all()
"""


def test_no_key_is_ever_read_through_the_cache_of_the_flash() -> None:
    """Its lines stay readable as RAM after the slot is erased."""
    start, size = load_board().areas["keys"]
    by_window = dict.fromkeys((0x10, 0x11, 0x12, 0x13), 0)

    def tell(address: int) -> None:
        if start <= address & 0xFFFFFF < start + size:
            by_window[address >> 24] += 1

    lab = Rp2040Lab(LAB_IMAGE.read_bytes(), load_board(), noise=seeded_bits(1))
    lab.execute("import _wattseal")
    lab.chip.watch_flash_reads(tell)
    lab.execute(KEYS_MADE_USED_AND_ERASED)
    lab.close()
    assert by_window.pop(0x13) > 8 * 64  # words of a slot
    assert set(by_window.values()) == {0}


def test_the_name_and_the_release_are_those_of_the_lab(lab: Rp2040Lab) -> None:
    lab.execute("import board, release")
    assert lab.execute("print(board.NAME, len(release.VENDOR_KEY))").split() == [
        "rp2040-lab",
        "91",
    ]


def test_reading_the_meters_line_does_not_wait_for_more_than_has_arrived(lab: Rp2040Lab) -> None:
    lab.execute("import port\nline = port.open_meter_line(9600, 'none', 1)")
    uart = lab.chip.uart[load_board().meter_line.uart]
    Transmitter(lab.chip.timeline, LineFormat(9600), uart.receive).send(b"abcde")
    lab.chip.run_for(10 * NS_PER_MS)
    assert timed(lab, "found = line.read(3) + line.read(256) + line.read(256)") < CHARACTER_US
    assert lab.execute("print(found)").strip() == "b'abcde'"
    assert timed(lab, "line.discard()") < CHARACTER_US


def random_of(lab: Rp2040Lab) -> bytes:
    return bytes.fromhex(lab.execute("print(_wattseal.random().hex())"))


def test_every_sample_is_used_once_and_in_order(noise: WatchedNoise) -> None:
    assert noise.lab is not None
    for n in range(4):
        made = random_of(noise.lab)
        assert made == number_from(noise.bits[n * SEED_SAMPLES : (n + 1) * SEED_SAMPLES]), n


def test_samples_are_never_taken_closer_than_their_credit_allows(noise: WatchedNoise) -> None:
    """While flash is erased with interrupts disabled, beside other work, and when waited for."""
    lab = noise.lab
    assert lab is not None
    lab.execute("_wattseal.flash_erase(_wattseal.AREA_EVENTS, 0)\n_wattseal.firmware_identity()")
    lab.execute("_wattseal.random()\n_wattseal.key_create(1)\n_wattseal.random()")
    gaps_ns = sorted(after - before for before, after in pairwise(noise.times_ns))
    assert len(gaps_ns) == 3 * SEED_SAMPLES - 1
    assert gaps_ns[0] >= SAMPLE_PERIOD_NS
    assert gaps_ns[len(gaps_ns) // 2] <= LONGEST_PERIOD_NS
    assert gaps_ns[-1] > ERASE_NS


def test_each_seed_is_sampled_with_a_period_of_its_own(noise: WatchedNoise) -> None:
    lab = noise.lab
    assert lab is not None
    periods_ns = []
    for n in range(6):
        lab.execute("_wattseal.random()")
        times_ns = noise.times_ns[n * SEED_SAMPLES + 300 : n * SEED_SAMPLES + 600]
        gaps_ns = [after - before for before, after in pairwise(times_ns)]
        periods_ns.append((times_ns[250] - times_ns[0]) / 250)
        if n:
            assert max(gaps_ns) - min(gaps_ns) <= 2 * CYCLE_NS, n
    assert len({round(period_ns / 40) for period_ns in periods_ns}) >= 5
    assert min(periods_ns) >= SHORTEST_PERIOD_NS - 10
    assert max(periods_ns[1:]) <= LONGEST_PERIOD_NS


@pytest.mark.parametrize("jitter", [0.01, 0.0])
def test_an_oscillator_that_locks_to_the_sampling_costs_a_try_and_one_without_jitter_fails(
    jitter: float,
) -> None:
    """The first seed has the shortest period, of which this one swings with a harmonic."""
    locking = Oscillation(143 / SHORTEST_PERIOD_NS * 1e9, jitter=jitter, flicker=0.0, pull=0.5)
    noise = CountedOscillator(locking, 1)
    lab = Rp2040Lab(LAB_IMAGE.read_bytes(), load_board(), noise=noise)
    hedged = lab.execute("import _wattseal\nprint(_wattseal.hedge())").strip()
    assert (hedged == "True") == (jitter > 0)
    assert (noise.count > SEED_SAMPLES) == (jitter > 0)
    lab.close()


def test_a_start_collects_one_seed_beside_other_work_and_then_only_what_is_asked_for(
    noise: WatchedNoise,
) -> None:
    lab = noise.lab
    assert lab is not None
    lab.execute(f"time.sleep_ms({2 * COLLECTING_MS})")
    assert len(noise.bits) == SEED_SAMPLES
    assert timed(lab, "_wattseal.random()") < RANDOM_LIMIT_US
    lab.execute(f"time.sleep_ms({COLLECTING_MS})")
    assert len(noise.bits) == SEED_SAMPLES
    lab.execute(f"_wattseal.random()\ntime.sleep_ms({COLLECTING_MS})")
    assert len(noise.bits) == 2 * SEED_SAMPLES


def test_signatures_are_hedged_unless_the_noise_is_bad(noise: WatchedNoise) -> None:
    lab = noise.lab
    assert lab is not None
    assert lab.execute("print(_wattseal.hedge())").strip() == "True"
    noise.source = lambda: 0
    assert lab.execute("print(_wattseal.hedge())").strip() == "False"


def test_a_source_that_dies_after_the_start_is_found_dead(noise: WatchedNoise) -> None:
    lab = noise.lab
    assert lab is not None
    lab.execute(f"time.sleep_ms({COLLECTING_MS})")
    noise.source = lambda: 0
    random_of(lab)  # from samples of when it lived
    with pytest.raises(LabError, match="entropy"):
        lab.execute("_wattseal.random()")
    with pytest.raises(LabError, match="entropy"):
        lab.execute("_wattseal.key_create(1)")
    assert lab.execute("print(_wattseal.key_slots())").strip() == "(0, ())"


def test_a_source_that_delivers_nothing_more_is_refused_and_not_waited_for(
    noise: WatchedNoise,
) -> None:
    lab = noise.lab
    assert lab is not None
    lab.execute(f"time.sleep_ms({COLLECTING_MS})")
    lab.execute(f"machine.mem32[{TIMER_INTE + WRITE_CLEARS}] = {NOISE_ALARM}")
    random_of(lab)
    before_ns = lab.chip.nanos
    with pytest.raises(LabError, match="entropy"):
        lab.execute("_wattseal.random()")
    assert lab.chip.nanos - before_ns < 1_000_000_000
    lab.execute(f"machine.mem32[{TIMER_INTE + WRITE_SETS}] = {NOISE_ALARM}")
    assert random_of(lab) == number_from(noise.bits[SEED_SAMPLES : 2 * SEED_SAMPLES])


def enter_boot_loader(lab: Rp2040Lab, statement: str) -> tuple[bytes, bytes]:
    """The key area before a statement that enters the boot loader, and the key's own bytes."""
    start, size = load_board().areas["keys"]
    lab.execute("_wattseal.key_create(1)")
    area = lab.chip.flash_image()[start : start + size]
    lab.type(statement)
    lab.chip.run_until(lambda: lab.chip.in_boot_loader, 1_000_000_000)
    return area, area[48:80]


def test_the_boot_loader_as_micropython_enters_it_gives_the_key_away(noise: WatchedNoise) -> None:
    lab = noise.lab
    assert lab is not None
    area, private_key = enter_boot_loader(lab, "machine.bootloader()")
    assert lab.chip.picoboot is not None
    start, size = load_board().areas["keys"]
    read = PicobootHost(lab.chip.picoboot.command).save_flash(FLASH_BASE + start, size)
    assert len(set(private_key)) > 8
    assert private_key in read
    assert read == area


def test_the_boot_loader_as_the_module_enters_it_is_a_drive_and_nothing_else(
    noise: WatchedNoise,
) -> None:
    lab = noise.lab
    assert lab is not None
    enter_boot_loader(lab, "import port\nport.enter_boot_loader()")
    assert lab.chip.shows_drive
    assert lab.chip.picoboot is None


def test_a_long_wait_for_the_meter_feeds_the_watchdog_and_a_loop_that_stops_does_not(
    noise: WatchedNoise,
) -> None:
    lab = noise.lab
    assert lab is not None
    lab.execute("import port\nline = port.open_meter_line(9600, 'none', 1)\nport.watch()")
    assert lab.execute("print(line.wait(20_000_000))").strip() == "False"
    assert lab.chip.watchdog_resets == 0
    assert lab.chip.watchdog.longest_hunger_ns < 1_100 * NS_PER_MS
    lab.type("time.sleep(20)")
    lab.chip.run_until(lambda: lab.chip.watchdog_resets == 1, 9_000 * NS_PER_MS)
