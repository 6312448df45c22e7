"""The production image has no prompt: no way in by interrupt, paste mode, raw REPL or safe boot.

What MicroPython's prompt understands is sent to the link, where a prompt would be: to a running
module, and all through a start. Nothing but the link protocol may answer.
"""

import pytest

from hil.suite.module import Module

INTERRUPT, RAW, FRIENDLY, SOFT_RESET, PASTE = b"\x03", b"\x01", b"\x02", b"\x04", b"\x05"
WAYS_IN = {
    "interrupt": INTERRUPT * 3,
    "raw prompt": INTERRUPT + RAW + b'print("wa" + "y_in")' + SOFT_RESET,
    "raw paste": RAW + b"\x05A\x01" + b'print("wa" + "y_in")' + SOFT_RESET,
    "paste mode": INTERRUPT + PASTE + b'print("wa" + "y_in")\r\n' + SOFT_RESET,
    "soft reset": INTERRUPT + SOFT_RESET,
    "friendly prompt": FRIENDLY + b'\r\nprint("wa" + "y_in")\r\n',
    "import": INTERRUPT + b'\r\nimport _wattseal\r\nprint("wa" + "y_in")\r\n',
    "file": INTERRUPT + b'\r\nimport os\r\nprint(os.listdir(), "wa" + "y_in")\r\n',
    "bytecode": RAW + b"import io, sys\nsys.path.append('/')\nimport x\n" + SOFT_RESET,
}

FLOOD_BYTES = 4000
"""Some 0.35 s of a UART's time; a start, which takes longer, gets several."""
FLOODS = 3


def check_answers(said: bytes, where: str) -> None:
    """Nothing was said but refusals of lines that are no frames."""
    for line in said.split(b"\n"):
        text = line.strip()
        assert text == b"" or b'"error"' in text, (where, text)
    for sign in (b">>>", b"raw REPL", b"paste mode", b"MicroPython", b"Traceback", b"way_in"):
        assert sign not in said, (where, said)


def test_an_idle_module_takes_nothing_for_a_prompt(module: Module) -> None:
    before = module.status()
    key = module.client.call("public_key")
    for name, data in WAYS_IN.items():
        module.client.send(data + b"\n")
        check_answers(module.client.said_until_hello(), name)
    status = module.status()
    assert status["uptime_ms"] > before["uptime_ms"]  # nothing started it anew
    assert (status["state"], status["journal"]) == (before["state"], before["journal"])
    assert module.client.call("public_key") == key


@pytest.mark.needs("power")
@pytest.mark.parametrize(
    "name",
    [
        "raw prompt",
        *(
            pytest.param(name, marks=pytest.mark.thorough("rp2040"))
            for name in ("interrupt", "paste mode", "soft reset")
        ),
    ],
)
def test_a_starting_module_takes_nothing_for_a_prompt(own_module: Module, name: str) -> None:
    """The keys of a safe boot, from the first moment on: on USB, when there is a port."""
    module = own_module
    before = module.status()
    data = WAYS_IN[name]
    module.rig.restart()
    module.reopen()
    for _ in range(FLOODS):
        module.client.send(data * (FLOOD_BYTES // len(data)))
    module.client.send(b"\n")
    check_answers(module.client.said_until_hello(), name)
    status = module.status()
    assert status["state"] == "operational"
    assert status["events"]["newest"] == before["events"]["newest"] + 1  # one start
    module.set_time()
    module.begin()
    module.end()
