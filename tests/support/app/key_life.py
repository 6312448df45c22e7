"""A module in the middle of its life, and what must hold of its keys whatever happens to it."""

from wire.errors import WattsealError

from .bench import Bench
from .core import FakeCore

SECOND_IMAGE = bytes(range(32))
THIRD_IMAGE = bytes(range(1, 33))


def worked_bench(seed: int = 0) -> Bench:
    """An operational module with one session behind it."""
    bench = Bench(FakeCore(seed=seed)).set_up()
    bench.call("begin")
    bench.call("end")
    return bench


def details_of(bench: Bench, event: str) -> list[dict]:
    return [found["detail"] for found in bench.all_events() if found["event"] == event]


def check_one_key(bench: Bench, number: int, image: bytes) -> dict:
    """Exactly one whole key, of that image, the one that the newest statement announces; that."""
    assert bench.core.key_slots() == (0, ((number, image),))
    status = bench.call("status")
    assert (status["cause"], status["key_number"]) == (None, number)
    newest = bench.statements()[-1]
    public_key = bench.call("public_key")["public_key"]
    assert (newest["key_number"], newest["public_key"]) == (number, public_key)
    return newest


def check_waiting(bench: Bench, image: bytes) -> None:
    """No key at all, and the module says which image it waits for and what to do."""
    assert bench.core.key_slots() == (0, ())
    status = bench.call("status")
    assert (status["state"], status["key_number"]) == ("blank", None)
    assert status["update"]["firmware_identity"] == image.hex()
    assert status["cause"]["name"] == "update_pending"
    assert "cancel_update" in status["cause"]["remedy"]
    assert bench.statements()[-1]["type"] == "handover"


def fault_of(bench: Bench) -> WattsealError:
    """What puts the next start into the state fault."""
    bench.boot()
    fault = bench.module.fault
    assert fault is not None
    return fault
