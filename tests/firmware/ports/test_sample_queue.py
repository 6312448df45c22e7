"""The queue between an interrupt handler that takes noise samples and the code that uses them."""

import ctypes
import random
import subprocess
from pathlib import Path

import pytest

FIRMWARE = Path(__file__).resolve().parents[3] / "firmware"
SIZE = 1152  # bytes, one seed's samples


class Queue:
    """A queue of the compiled code; samples go in one by one and come out in bytes."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        for name in ("full", "take"):
            getattr(library, f"ws_sample_queue_{name}").restype = ctypes.c_bool
        self.memory = (ctypes.c_uint8 * (SIZE + 64))()

    def put(self, data: bytes) -> None:
        for byte in data:
            for bit in range(7, -1, -1):
                self.put_sample(byte >> bit & 1)

    def put_sample(self, sample: int) -> None:
        self._library.ws_sample_queue_put(self.memory, ctypes.c_uint32(sample))

    def take(self, size: int) -> bytes | None:
        buffer = (ctypes.c_uint8 * size)(*[0xEE] * size)
        taken = self._library.ws_sample_queue_take(self.memory, buffer, ctypes.c_size_t(size))
        assert taken or bytes(buffer) == b"\xee" * size
        return bytes(buffer) if taken else None

    @property
    def is_full(self) -> bool:
        return bool(self._library.ws_sample_queue_full(self.memory))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    target = tmp_path_factory.mktemp("queue") / "queue.so"
    sources = [FIRMWARE / "ports/ws_sample_queue.c", FIRMWARE / "core/ws_wipe.c"]
    warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    command = ["gcc", "-std=c11", "-O2", *warnings, f"-I{FIRMWARE / 'core'}", "-fPIC", "-shared"]
    subprocess.run([*command, *sources, "-o", target], check=True)
    return ctypes.CDLL(str(target))


@pytest.fixture
def queue(library: ctypes.CDLL) -> Queue:
    return Queue(library)


def test_nothing_comes_out_of_an_empty_queue(queue: Queue) -> None:
    assert queue.take(1) is None
    for _ in range(7):
        queue.put_sample(1)
    assert queue.take(1) is None


def test_less_than_asked_for_stays_where_it_is(queue: Queue) -> None:
    queue.put(bytes(range(31)))
    assert queue.take(32) is None
    queue.put(b"\x99")
    assert queue.take(32) == bytes([*range(31), 0x99])
    assert queue.take(1) is None


def test_a_full_queue_takes_no_more_and_loses_nothing(queue: Queue) -> None:
    data = random.Random(1).randbytes(SIZE)
    queue.put(data[:-1])
    for _ in range(8):
        assert not queue.is_full
        queue.put_sample(1)
    assert queue.is_full
    queue.put(bytes(100))
    assert queue.is_full
    assert queue.take(SIZE + 1) is None
    assert queue.take(SIZE) == data[:-1] + b"\xff"
    assert not queue.is_full
    assert queue.take(1) is None


def test_what_was_taken_is_wiped(queue: Queue) -> None:
    queue.put(b"\xaa" * SIZE)
    assert bytes(queue.memory).count(0xAA) == SIZE
    for left in range(SIZE - 32, -1, -32):
        queue.take(32)
        assert bytes(queue.memory).count(0xAA) == left


def test_samples_come_out_once_and_in_order_however_they_are_taken(queue: Queue) -> None:
    chance = random.Random(2)
    put, taken = b"", b""
    while len(taken) < 20 * SIZE:
        data = chance.randbytes(chance.randint(1, SIZE - len(put) + len(taken)))
        queue.put(data)
        put += data
        while (found := queue.take(size := chance.randint(1, 64))) is not None:
            assert len(found) == size
            taken += found
        assert len(put) - len(taken) < 64
    assert put.startswith(taken)
