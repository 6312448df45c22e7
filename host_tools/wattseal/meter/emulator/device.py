"""The Modbus side of the meter: pymodbus decodes requests, looks registers up, builds replies."""

from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from pymodbus.constants import ExcCodes
from pymodbus.exceptions import ModbusException
from pymodbus.framer.rtu import FramerRTU
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.simulator import DataType, SimData, SimDevice
from pymodbus.simulator.simcore import SimCore

from wattseal.meter.emulator.register_map import READ_HOLDING, READ_INPUT, RegisterMap, Values

T = TypeVar("T")

NO_BITS = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
NO_REGISTERS = [SimData(0xFFFF, datatype=DataType.INVALID)]


def run_now(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits, as those of pymodbus' datastore."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    coroutine.close()
    raise RuntimeError("the datastore waited for something; it is not expected to")


class ModbusDevice:
    """One unit on the line: whole frames in, whole frames out, no timing."""

    def __init__(self, registers: RegisterMap, unit: int, values: Values) -> None:
        """The values decide which registers there are; each request brings its own."""
        self.unit = unit
        self._map = registers
        self._shown = registers.registers(values)
        self._framer = FramerRTU(DecodePDU(is_server=True))
        holding, inputs = (
            [
                SimData(address, values=0, datatype=DataType.REGISTERS)
                for address in sorted(self._shown[function])
            ]
            or list(NO_REGISTERS)
            for function in (READ_HOLDING, READ_INPUT)
        )
        device = SimDevice(
            id=unit,
            simdata=(list(NO_BITS), list(NO_BITS), holding, inputs),
            action=self._refresh,
        )
        self._store = SimCore(device)

    def decode(self, frame: bytes) -> ModbusPDU | None:
        """The request in a frame; None if it is no request, or one for another unit."""
        try:
            used, request = self._framer.handleFrame(frame, 0, 0)
        except ModbusException:  # a function or a count that no request can have
            return None
        if request is None or used != len(frame) or request.dev_id != self.unit:
            return None
        return request

    def answer(self, request: ModbusPDU, values: Values) -> bytes:
        """The reply frame to a request, with the registers as the values make them."""
        self._shown = self._map.registers(values)
        reply = run_now(request.datastore_update(self._store, self.unit))  # type: ignore[arg-type]
        reply.dev_id = self.unit
        return self._framer.buildFrame(reply)

    async def _refresh(
        self,
        function: int,
        first: int,
        address: int,
        count: int,
        registers: list[int],
        written: Sequence[int] | None,
    ) -> ExcCodes | None:
        """Put current values where pymodbus is about to read; `first` is that of `registers`."""
        if written is not None:
            return ExcCodes.ILLEGAL_FUNCTION  # a meter's registers are for reading
        if count > self._map.profile["max_registers"]:
            return ExcCodes.ILLEGAL_VALUE
        for at in range(address, address + count):
            registers[at - first] = self._shown[function][at]
        return None
