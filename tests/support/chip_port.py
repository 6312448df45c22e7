"""A chip's port.py in this process, on a model of MicroPython's `machine`."""

import importlib
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

PORTS = Path(__file__).resolve().parents[2] / "firmware/ports"
OF_A_PORT = ("port", "uart_line", "uart_link")
"""The modules that a start of the chip imports anew."""

PINS = {
    "LINK_UART": 0,
    "LINK_TX_PIN": 0,
    "LINK_RX_PIN": 1,
    "LINK_BAUD": 115_200,
    "METER_LINE_UART": 1,
    "METER_LINE_TX_PIN": 4,
    "METER_LINE_RX_PIN": 5,
    "METER_LINE_DRIVER_ENABLE_PIN": 6,
    "METER_LINE_ECHO": False,
}
"""The frozen module `board`."""


class Pin:
    """A pin; what is set on an output is told in order with what the UARTs send."""

    OUT = 1

    def __init__(self, machine: "Machine", number: int, mode: int = 0, value: int | None = None):
        # MicroPython takes no None for a pin: "invalid pin".
        if type(number) is not int:
            raise ValueError("invalid pin")
        self.number = number
        self._machine = machine
        if mode == self.OUT:
            self._set(value)

    def __call__(self, level: int) -> None:
        self._set(level)

    def on(self) -> None:
        self._set(1)

    def off(self) -> None:
        self._set(0)

    def _set(self, level: int | None) -> None:
        self._machine.events.append((f"pin {self.number}", level))


class Uart:
    """A UART; `arrived` is what it would give."""

    def __init__(self, machine: "Machine", number: int, **settings: Any) -> None:
        self.number = number
        self.settings = {name: getattr(told, "number", told) for name, told in settings.items()}
        self.arrived = bytearray()
        self.at_once = 1000
        """How many bytes a write takes."""
        self._machine = machine
        machine.uarts.append(self)

    def any(self) -> int:
        return len(self.arrived)

    def read(self, count: int) -> bytes | None:
        taken, self.arrived = self.arrived[:count], self.arrived[count:]
        return bytes(taken) or None

    def write(self, data: bytes) -> int | None:
        if self._machine.broken:
            raise OSError("no line")
        taken = bytes(data[: self.at_once])
        self._machine.events.append(("sent", taken))
        return len(taken) or None

    def flush(self) -> None:
        self._machine.events.append(("flushed", None))


class Machine(ModuleType):
    """MicroPython's `machine`, as far as ports use it; `kept` is the memory of the clock."""

    PWRON_RESET, HARD_RESET, WDT_RESET = 1, 2, 3

    def __init__(self) -> None:
        super().__init__("machine")
        self.cause = self.PWRON_RESET
        self.kept = b""
        self.fed = 0
        self.timeout = 0
        self.now_us = 0
        self.broken = False
        self.events: list[tuple[str, Any]] = []
        self.uarts: list[Uart] = []
        self.Pin = self._maker(Pin)
        self.UART = self._maker(Uart)

    def _maker(self, model: Any) -> Any:
        """The model's class with this machine as its first argument, and its constants."""
        return type(model.__name__, (), {**vars(model), "__init__": self._init_of(model)})

    def _init_of(self, model: Any) -> Any:
        def init(made: Any, *words: Any, **named: Any) -> None:
            model.__init__(made, self, *words, **named)

        return init

    def reset_cause(self) -> int:
        return self.cause

    def RTC(self) -> Any:  # noqa: N802
        def memory(data: bytes | None = None) -> bytes:
            self.kept = self.kept if data is None else data
            return self.kept

        return SimpleNamespace(memory=memory)

    def WDT(self, timeout: int) -> Any:  # noqa: N802
        self.timeout = timeout
        return SimpleNamespace(feed=self.feed)

    def feed(self) -> None:
        """The watchdog was fed."""
        self.fed += 1


class Poll:
    """`select.poll`, whose time goes by while it waits for nothing."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._uart: Uart | None = None

    def register(self, uart: Uart, _events: int) -> None:
        self._uart = uart

    def poll(self, timeout_ms: int) -> list[Any]:
        assert self._uart is not None
        if self._uart.arrived:
            return [self._uart]
        self._machine.now_us += timeout_ms * 1000
        return []


def start(monkeypatch: pytest.MonkeyPatch, machine: Machine, chip: str, **facts: Any) -> ModuleType:
    """What a start of the chip makes of its port.py; `facts` of the board go before PINS."""

    def tick() -> int:
        machine.now_us += 1
        return machine.now_us

    def sleep_ms(duration: int) -> None:
        machine.now_us += duration * 1000

    chip_module = SimpleNamespace(
        feed=machine.feed,
        **dict.fromkeys(("watch", "bites", "forget_bites", "reset_cause", "enter_boot_loader")),
    )
    monkeypatch.setitem(sys.modules, "machine", machine)
    monkeypatch.setitem(sys.modules, "_chip", chip_module)
    monkeypatch.setitem(sys.modules, "board", SimpleNamespace(**{**PINS, **facts}))
    monkeypatch.setitem(sys.modules, "_wattseal", SimpleNamespace(USB_LINK=0))
    poller = SimpleNamespace(poll=lambda: Poll(machine), POLLIN=1)
    monkeypatch.setitem(sys.modules, "select", poller)
    monkeypatch.setattr(time, "ticks_us", tick, raising=False)
    monkeypatch.setattr(time, "ticks_ms", lambda: tick() // 1000, raising=False)
    monkeypatch.setattr(time, "ticks_diff", lambda later, earlier: later - earlier, raising=False)
    monkeypatch.setattr(time, "sleep_ms", sleep_ms, raising=False)
    for folder in (PORTS, PORTS / chip):
        monkeypatch.syspath_prepend(str(folder))
    for name in OF_A_PORT:
        monkeypatch.delitem(sys.modules, name, raising=False)
    port = importlib.import_module("port")
    for name in OF_A_PORT:  # the next start is a new one, and so is the next test's
        monkeypatch.delitem(sys.modules, name, raising=False)
    return port
