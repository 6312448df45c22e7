"""Opening ports that are missing, taken, closed to us, or no ports at all."""

import errno
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import serial
import serial.tools.list_ports
from support.device.fake_module import FakeModule
from support.device.pty_port import PtyPort
from wattseal.common.errors import ToolError
from wattseal.device import link
from wattseal.device.device import Device
from wattseal.device.link import LinkClient, SerialTransport


def open_error(port: str) -> ToolError:
    with pytest.raises(ToolError) as caught:
        SerialTransport(port)
    return caught.value


def test_missing_port(tmp_path: Path) -> None:
    error = open_error(str(tmp_path / "ttyACM0"))
    assert error.name == "port_missing"
    assert "wattseal port list" in error.remedy


def test_file_that_is_no_port(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("data")
    error = open_error(str(path))
    assert (error.name, path.read_text()) == ("port_unusable", "data")
    assert "Inappropriate ioctl" in error.message


def test_directory_is_no_port(tmp_path: Path) -> None:
    assert open_error(str(tmp_path)).name == "port_unusable"


@pytest.mark.parametrize("url", ["", "socket://", "socket://localhost", "nonsense://x", "\0"])
def test_url_that_leads_nowhere(url: str) -> None:
    assert open_error(url).name in ("port_unusable", "port_missing")


def test_server_that_does_not_listen() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        error = open_error(f"socket://127.0.0.1:{free.getsockname()[1]}")
    assert error.name == "port_unusable"
    assert "Connection refused" in error.message


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (errno.EACCES, "port_denied"),
        (errno.EPERM, "port_denied"),
        (errno.EBUSY, "port_busy"),
        (errno.ENXIO, "port_missing"),
        (errno.EIO, "port_unusable"),
    ],
)
def test_what_the_system_says_is_told_in_its_own_words(
    monkeypatch: pytest.MonkeyPatch, number: int, name: str
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        text = f"could not open port: [Errno {number}] {os.strerror(number)}: '/dev/ttyACM0'"
        raise serial.SerialException(number, text)

    monkeypatch.setattr(serial, "serial_for_url", refuse)
    error = open_error("/dev/ttyACM0")
    assert error.name == name
    assert "/dev/ttyACM0" in error.message


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user without rights")
def test_port_of_somebody_else(tmp_path: Path) -> None:
    path = tmp_path / "port"
    path.touch(mode=0o000)
    assert open_error(str(path)).name == "port_denied"


HOLD = """
import sys
from wattseal.device.link import SerialTransport
with SerialTransport(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_port_that_another_process_holds(module: FakeModule) -> None:
    with PtyPort(module) as port:
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLD, port.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with holder:
            assert holder.stdout
            assert holder.stdout.readline() == "held\n"
            assert open_error(port.path).name == "port_busy"
            assert holder.stdin
            holder.stdin.close()
            holder.wait(10)
        with SerialTransport(port.path) as transport:
            assert Device(LinkClient(transport)).connect(port.path).product == "wattseal"


def test_module_behind_a_socket(module: FakeModule) -> None:
    def serve(server: socket.socket) -> None:
        connection, _address = server.accept()
        with connection:
            while data := connection.recv(4096):
                connection.sendall(b"".join(module.feed(data) or []))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        url = f"socket://127.0.0.1:{server.getsockname()[1]}"
        with SerialTransport(url) as transport:
            device = Device(LinkClient(transport))
            assert device.connect(url).product == "wattseal"
            assert device.status().state == "operational"
        thread.join(10)


def test_listing_tells_what_usb_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    class Port:
        device, name, description = "/dev/ttyACM0", "ttyACM0", "Wattseal"
        manufacturer, serial_number, vid, pid = "Example", "E66", 0x2E8A, 0x0005
        location = "1-1.4:1.0"

    class Bare:
        device, name, description = "/dev/ttyS0", "ttyS0", "n/a"
        manufacturer = serial_number = vid = pid = location = None

    monkeypatch.setattr(serial.tools.list_ports, "comports", lambda: [Port])
    found = link.list_ports()[0]
    assert (found.usb_id, found.usb_socket) == ("2e8a:0005", "1-1.4")
    monkeypatch.setattr(serial.tools.list_ports, "comports", lambda: [Bare])
    assert link.list_ports()[0].model_dump(exclude={"device"}) == dict.fromkeys(
        ("description", "manufacturer", "serial_number", "usb_id", "usb_socket")
    )
