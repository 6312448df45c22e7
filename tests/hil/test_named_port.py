"""A port whose name comes and goes."""

import os

import pytest
import serial

from hil.named_port import NamedPort


@pytest.fixture
def port(tmp_path):
    made = NamedPort(tmp_path / "ttyACM0")
    yield made
    made.vanish()


def test_without_a_device_there_is_no_port(port):
    assert not port.is_there
    with pytest.raises(serial.SerialException, match="No such file"):
        serial.Serial(port.path)
    with pytest.raises(FileNotFoundError, match="ttyACM0 is not there"):
        _ = port.file
    port.write(b"to nobody")
    assert port.read() == b""
    port.vanish()


def test_a_client_finds_the_port_hung_up_and_opens_it_again_by_its_name(port):
    names = set()
    for _ in range(3):
        port.appear()
        port.appear()
        names.add(port.path)
        with serial.Serial(port.path, timeout=10) as client:
            client.write(b"up")
            assert port.read() == b"up"
            port.write(b"down")
            assert client.read(4) == b"down"
            port.vanish()
            with pytest.raises(serial.SerialException):
                client.read(1)
            with pytest.raises(OSError, match="Input/output error"):
                client.write(b"x")
        assert not os.path.lexists(port.path)
    assert len(names) == 1


def test_what_nobody_has_read_goes_with_the_device(port):
    port.appear()
    port.write(b"of the old one")
    port.vanish()
    port.appear()
    with serial.Serial(port.path, timeout=0) as client:
        assert client.read(100) == b""
