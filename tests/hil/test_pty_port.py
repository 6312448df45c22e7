import pytest
import serial

from hil.pty_port import KEPT_BYTES, PtyPort


@pytest.fixture
def port():
    made = PtyPort()
    yield made
    made.close()


def test_a_serial_client_opens_the_port_and_bytes_pass_unchanged(port):
    everything = bytes(range(256))
    with serial.Serial(port.path, 115200, timeout=10, exclusive=True) as client:
        client.write(everything)
        assert b"".join(iter(port.read, b"")) == everything
        port.write(everything)
        assert client.read(256) == everything


def test_clients_come_and_go(port):
    for _ in range(3):
        with serial.Serial(port.path, exclusive=True, timeout=10) as client:
            client.write(b"x")
            assert port.read() == b"x"
    assert port.read() == b""


def test_what_the_terminal_does_not_take_at_once_comes_later(port):
    line = bytes(index % 251 for index in range(20_000))
    with serial.Serial(port.path, timeout=0) as client:
        port.write(line)
        got = bytearray()
        while len(got) < len(line):
            got += client.read(4096)
            port.flush()
        assert got == line


def test_what_nobody_reads_is_lost_in_the_end(port):
    for _ in range(4):
        port.write(bytes(KEPT_BYTES))
    with serial.Serial(port.path, timeout=10) as client:  # opening discards what has piled up
        port.write(b"fresh")
        assert client.read(5) == b"fresh"
