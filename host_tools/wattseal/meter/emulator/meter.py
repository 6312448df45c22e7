"""The meter as a test holds it: energy, power, number, and faults to order."""

import threading
from collections.abc import Callable
from typing import Any

from wattseal.meter.emulator.device import ModbusDevice
from wattseal.meter.emulator.energy import EnergyCounter
from wattseal.meter.emulator.faults import (
    ECHO,
    FAULT_NAMES,
    FRAME_FAULTS,
    VALUE_FAULTS,
    Fault,
    Reply,
    Segment,
)
from wattseal.meter.emulator.register_map import (
    ENERGY,
    FIRMWARE,
    QUANTITIES,
    SERIAL,
    RegisterMap,
    Values,
)
from wattseal.meter.profile import Profile, known_profile

DEFAULT_ENERGY_WH = 2_935_600
DEFAULT_UNIT = 1
DEFAULT_TEXTS = {"u16": "4711", "u32": "19285703", "u64": "19285703", "hex": "0113" * 8}
DEFAULT_ASCII = {SERIAL: "19285703", FIRMWARE: "1.13"}


class Meter:
    """One meter. Every method may be called from any thread; requests come from the line's."""

    def __init__(
        self,
        profile: str | Profile,
        now_ns: Callable[[], int],
        *,
        unit: int | None = None,
        energy_wh: int = DEFAULT_ENERGY_WH,
        power_w: int = 0,
        serial: str | None = None,
        firmware: str | None = None,
        scale_factor: int = 0,
        backwards: bool = False,
    ) -> None:
        """A meter of a profile, which is named or given; what else is not given is the profile's
        or some plausible value.

        `scale_factor` is what its register of that kind shows, if the profile has one. Wired
        `backwards` it counts what flows as exported.
        """
        self.registers = RegisterMap(
            known_profile(profile) if isinstance(profile, str) else profile
        )
        self.unit = unit or self.profile.get("unit", DEFAULT_UNIT)
        self.serial = serial or self._default_text(SERIAL)
        self.firmware = firmware or self._default_text(FIRMWARE)
        self._scale_factor = scale_factor
        self._lock = threading.RLock()
        self._import = EnergyCounter(now_ns, energy_wh, 0 if backwards else power_w)
        self._export = EnergyCounter(now_ns, 0, power_w if backwards else 0)
        self._counting = self._export if backwards else self._import
        self._faults: list[Fault] = []
        self._echoed_requests = 0
        self._device = ModbusDevice(self.registers, self.unit, self._values())

    @property
    def profile(self) -> dict[str, Any]:
        """Its profile, as firmware/meters/README.md describes it."""
        return self.registers.profile

    @property
    def energy_wh(self) -> int:
        """Whole Wh counted so far."""
        with self._lock:
            return self._import.total_wh

    @property
    def export_wh(self) -> int:
        """Whole Wh counted so far in the other direction."""
        with self._lock:
            return self._export.total_wh

    @property
    def power_w(self) -> int:
        """Power that flows, in watts."""
        with self._lock:
            return self._counting.power_w

    @power_w.setter
    def power_w(self, power_w: int) -> None:
        with self._lock:
            self._counting.power_w = power_w

    def add_wh(self, energy_wh: int) -> None:
        """Let energy flow at once."""
        with self._lock:
            self._counting.add_wh(energy_wh)

    def arm(
        self,
        name: str,
        count: int = 1,
        *,
        skip: int = 0,
        quantity: str | None = ENERGY,
        **options: Any,
    ) -> None:
        """Let a fault strike the next `count` requests that touch the quantity, after `skip`.

        The quantities are those of a profile; None means every request. The options are those of
        the fault's function in faults.py. One fault strikes a request: the first armed that
        matches. An `echo` strikes beside it, and whatever the request asks.
        """
        if name not in FAULT_NAMES:
            raise ValueError(f"no fault {name!r}; there are {', '.join(FAULT_NAMES)}")
        if quantity is not None and quantity not in QUANTITIES:
            raise ValueError(f"no quantity {quantity!r}; there are {', '.join(QUANTITIES)}")
        fault = Fault(name, count, skip, quantity, options)
        with self._lock:
            if name == ECHO:
                self._echoed_requests = count
                return
            self._try(fault)
            self._faults.append(fault)

    def disarm(self) -> None:
        """Behave again."""
        with self._lock:
            self._faults.clear()
            self._echoed_requests = 0

    def take_echo(self) -> bool:
        """Whether the request that begins now is echoed."""
        with self._lock:
            echoed = self._echoed_requests > 0
            self._echoed_requests -= echoed
            return echoed

    def answer(self, frame: bytes) -> tuple[Reply | None, str | None]:
        """The reply to a frame, and the name of the fault in it.

        No reply at all to what is no request for this unit: damaged, cut, or another unit's.
        """
        with self._lock:
            request = self._device.decode(frame)
            if request is None:
                return None, None
            fault = self._strike(request.function_code, request.address, request.count)
            values = self._values()
            if fault is not None and fault.name in VALUE_FAULTS:
                make = VALUE_FAULTS[fault.name]
                values = make(values, self.registers, fault.struck, **fault.options)
            reply = self._device.answer(request, values)
            if fault is None or fault.name in VALUE_FAULTS:
                return Reply((Segment(reply),)), fault.name if fault else None
            return FRAME_FAULTS[fault.name](reply, **fault.options), fault.name

    def _strike(self, function: int, address: int, count: int) -> Fault | None:
        quantities = self.registers.quantities_in(function, address, count)
        fault = next((fault for fault in self._faults if fault.strikes(quantities)), None)
        self._faults = [fault for fault in self._faults if not fault.spent]
        return fault

    def _try(self, fault: Fault) -> None:
        """Refuse options that the fault does not have, and faults that the profile cannot have."""
        if fault.name in VALUE_FAULTS:
            changed = VALUE_FAULTS[fault.name](self._values(), self.registers, 1, **fault.options)
            self.registers.registers(changed)
        else:
            FRAME_FAULTS[fault.name](bytes(9), **fault.options)

    def _values(self) -> Values:
        power_w = self._import.power_w - self._export.power_w
        return Values(
            self._import.total_wh,
            self.serial,
            self.firmware,
            self._scale_factor,
            export_wh=self._export.total_wh,
            power_w=power_w,
        )

    def _default_text(self, quantity: str) -> str:
        facts = self.profile.get(quantity)
        if facts is None or facts["type"] == "ascii":
            return DEFAULT_ASCII[quantity]
        return DEFAULT_TEXTS[facts["type"]][
            : 4 * facts["count"] if facts["type"] == "hex" else None
        ]
