"""The ESP32's port, which no chip has run: what compilers and a model of ESP-IDF say of it.

It compiles without a warning for RV32IMC (ESP32-C3) and for Xtensa, and against the calls of
ESP-IDF that the headers in esp32/idf declare it does what ws_port.h asks for.
"""

import ctypes
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from support.chip_port import Machine, start
from support.core.build import CORE, OWN_FLAGS, bearssl_root, run

ROOT = Path(__file__).resolve().parents[3]
PORTS = ROOT / "firmware" / "ports"
HERE = Path(__file__).with_name("esp32")
SOURCES = [PORTS / "esp32/ws_port_esp32.c", PORTS / "ws_areas.c", CORE / "ws_wipe.c"]


def includes() -> list[str]:
    folders = (PORTS, HERE, HERE / "idf", bearssl_root() / "inc")
    return [f"-I{folder}" for folder in folders]


COMPILERS = {
    "rv32imc": (
        *("riscv64-unknown-elf-gcc", "-march=rv32imc", "-mabi=ilp32", "--specs=picolibc.specs"),
    ),
    "xtensa": (
        *("xtensa-lx106-elf-gcc", "-mlongcalls", "-isystem", "/usr/lib/xtensa-lx106-elf/include"),
    ),
}
PACKAGES = {
    "rv32imc": "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
    "xtensa": "gcc-xtensa-lx106 picolibc-xtensa-lx106-elf",
}


@pytest.mark.parametrize("level", ["-Os", "-O2"])
@pytest.mark.parametrize("chip", COMPILERS)
def test_it_compiles_without_a_warning(chip: str, level: str, tmp_path: Path) -> None:
    compiler, *flags = COMPILERS[chip]
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}: apt-get install {PACKAGES[chip]}")
    run([compiler, *flags, level, *OWN_FLAGS, *includes(), "-c", *map(str, SOURCES)], tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {f"{source.stem}.o" for source in SOURCES}


# --- against the model of ESP-IDF ----------------------------------------------------------------

OK, STORAGE = 0, -3
READ, WRITE, ERASE, RUNNING, METADATA, MAP, MAC = range(1, 8)
PAGE, SECTOR, FLASH_SIZE, IMAGE_ADDRESS = 0x100, 0x1000, 0x20000, 0x2000
KEYS = 0x10000


class Idf:
    """The port with the model, in this process."""

    def __init__(self, path: Path) -> None:
        self.port = ctypes.CDLL(str(path))
        self.flash = (ctypes.c_uint8 * FLASH_SIZE).in_dll(self.port, "fake_flash")
        ctypes.memset(self.flash, 0xFF, FLASH_SIZE)

    def set(self, name: str, value: int) -> None:
        ctypes.c_uint32.in_dll(self.port, name).value = value

    def cells(self, start: int, size: int) -> bytes:
        return bytes(self.flash[start : start + size])

    def image(self) -> tuple[int, bytes]:
        place, size = ctypes.c_void_p(), ctypes.c_size_t()
        status = self.port.ws_port_image(ctypes.byref(place), ctypes.byref(size))
        return status, ctypes.string_at(place.value, size.value) if status == OK else b""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("esp32")
    flags = ["-shared", "-fPIC", "-O1", "-o", "port.so"]
    files = map(str, [*SOURCES, HERE / "fake_idf.c"])
    run(["gcc", *OWN_FLAGS, *includes(), *flags, *files], folder)
    return folder / "port.so"


@pytest.fixture
def idf(library: Path) -> Iterator[Idf]:
    idf = Idf(library)
    yield idf
    for name in ("fake_failure", "fake_stuck_address"):
        idf.set(name, 0)


def test_pages_are_programmed_read_and_erased(idf: Idf) -> None:
    data = bytes(range(256)) * 3
    assert idf.port.ws_port_flash_program(KEYS, data, len(data)) == OK
    assert idf.cells(KEYS, len(data) + 1) == data + b"\xff"
    buffer = ctypes.create_string_buffer(10)
    assert idf.port.ws_port_flash_read(KEYS + 250, buffer, 10) == OK
    assert buffer.raw == (data * 2)[250:260]
    assert idf.port.ws_port_flash_erase_sector(KEYS) == OK
    assert set(idf.cells(KEYS, SECTOR)) == {0xFF}


def test_a_source_in_the_flash_itself_is_programmed(idf: Idf) -> None:
    idf.port.ws_port_flash_program(KEYS, bytes(range(256)), PAGE)
    source = ctypes.addressof(idf.flash) + KEYS
    assert idf.port.ws_port_flash_program(KEYS + SECTOR, ctypes.c_void_p(source), PAGE) == OK
    assert idf.cells(KEYS + SECTOR, PAGE) == bytes(range(256))


def test_a_flash_that_refuses_is_told_from_one_that_forgets(idf: Idf) -> None:
    page = bytes(PAGE)
    for failure in (WRITE, READ):
        idf.set("fake_failure", failure)
        assert idf.port.ws_port_flash_program(KEYS, page, PAGE) == STORAGE, failure
    idf.set("fake_failure", ERASE)
    assert idf.port.ws_port_flash_erase_sector(KEYS) == STORAGE
    idf.set("fake_failure", OK)
    idf.set("fake_stuck_address", KEYS + SECTOR + 7)
    assert idf.port.ws_port_flash_program(KEYS + SECTOR, page, PAGE) == STORAGE
    assert idf.cells(KEYS + SECTOR, 9) == bytes(7) + b"\xff\0"


def test_the_image_is_what_lies_in_the_running_partition(idf: Idf) -> None:
    idf.set("fake_image_size", 1000)
    ctypes.memmove(ctypes.byref(idf.flash, IMAGE_ADDRESS), bytes(range(250)) * 4, 1000)
    assert idf.image() == (OK, bytes(range(250)) * 4)
    for failure in (RUNNING, METADATA, MAP):
        idf.set("fake_failure", failure)
        assert idf.image() == (STORAGE, b""), failure
    idf.set("fake_failure", OK)
    idf.set("fake_image_size", 0x8001)  # more than the partition has
    assert idf.image() == (STORAGE, b"")


def test_noise_is_read_while_it_is_enabled_and_not_longer(idf: Idf) -> None:
    source = ctypes.c_void_p * 2  # context, then the function that reads
    read = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)(
        source.in_dll(idf.port, "ws_port_noise")[1] or 0
    )
    buffer = ctypes.create_string_buffer(1152)
    assert read(None, buffer, 1152) == OK
    assert len(set(buffer.raw)) > 100
    assert ctypes.c_int.in_dll(idf.port, "fake_has_noise").value == 0


def test_the_chips_id_is_the_address_in_its_fuses(idf: Idf) -> None:
    made = ctypes.create_string_buffer(b"\xee" * 32, 32)
    assert idf.port.ws_port_chip_id(made) == 8
    assert made.raw[:9] == bytes.fromhex("240ac40001100000ee")
    idf.set("fake_failure", MAC)
    assert idf.port.ws_port_chip_id(made) == 0


# --- port.py -------------------------------------------------------------------------------------


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def started(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], ModuleType]:
    """What a start of the chip with a cause makes of port.py."""

    def make(cause: int) -> ModuleType:
        machine.cause = cause
        return start(monkeypatch, machine, "esp32")

    return make


def test_bites_in_a_row_are_counted_and_forgotten(
    machine: Machine, started: Callable[[int], ModuleType]
) -> None:
    machine.kept = b"whatever was there"
    port = started(Machine.PWRON_RESET)
    assert (port.reset_cause(), port.bites()) == ("power_on", 0)
    for count in (1, 2):
        port = started(Machine.WDT_RESET)
        assert (port.reset_cause(), port.bites()) == ("watchdog", count)
    port.forget_bites()
    assert port.bites() == 0
    assert started(Machine.WDT_RESET).bites() == 1
    port = started(Machine.HARD_RESET)
    assert (port.reset_cause(), port.bites()) == ("restart", 0)
    for _ in range(300):
        port = started(Machine.WDT_RESET)
    assert port.bites() == 255


def test_the_watchdog_is_fed_once_it_runs(
    machine: Machine, started: Callable[[int], ModuleType]
) -> None:
    port = started(Machine.PWRON_RESET)
    port.feed()
    assert (machine.timeout, machine.fed) == (0, 0)
    port.watch()
    port.feed()
    assert (machine.timeout, machine.fed) == (8000, 1)
