"""What the unix program does through `_wattseal`: its identity, its keys, what they sign."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = ROOT / "build/unix/micropython"
NEXT = ROOT / "build/unix-next/micropython"
PREFIX = b"wattseal.statement.v1\n"

pytestmark = pytest.mark.image("unix", "unix-next")


class Module:
    """A unix program and its flash file."""

    def __init__(self, folder: Path, program: Path = PROGRAM) -> None:
        self.program = program
        self._flash = folder / "flash.bin"

    def run(self, script: str, **environment: str) -> str:
        """What a script printed; `core` is the C module."""
        done = subprocess.run(
            [self.program, "-c", "import _wattseal as core\n" + script],
            env={**os.environ, "WATTSEAL_FLASH": str(self._flash), **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def value(self, expression: str) -> object:
        """An expression that JSON can carry."""
        return json.loads(self.run(f"import json\nprint(json.dumps({expression}))"))

    def refusal(self, call: str) -> str:
        """The name of the CoreError that a call raises."""
        script = f"try:\n    {call}\nexcept core.CoreError as error:\n    print(error.args[1])"
        return self.run(script)


@pytest.fixture
def module(tmp_path: Path) -> Module:
    return Module(tmp_path)


def identity_of(program: Path) -> str:
    return hashlib.sha256(program.read_bytes()).hexdigest()


def public_key(module: Module, number: int) -> ec.EllipticCurvePublicKey:
    der = bytes.fromhex(str(module.value(f"core.key_public({number}).hex()")))
    key = load_der_public_key(der)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key


@pytest.mark.parametrize("program", [PROGRAM, NEXT], ids=["this release", "the next"])
def test_the_identity_is_the_hash_of_the_executable(program: Path, tmp_path: Path) -> None:
    module = Module(tmp_path, program)
    assert module.value("core.firmware_identity().hex()") == identity_of(program)


def test_two_releases_have_two_identities() -> None:
    assert identity_of(PROGRAM) != identity_of(NEXT)


def test_the_identity_is_that_of_the_image_running(tmp_path: Path) -> None:
    """Another file takes the program's name while it runs."""
    program, other = tmp_path / "program", tmp_path / "other"
    shutil.copy(PROGRAM, program)
    shutil.copy(NEXT, other)
    module = Module(tmp_path, program)
    script = (
        f"import os\nos.rename({str(other)!r}, {str(program)!r})\n"
        "print(core.firmware_identity().hex())"
    )
    assert module.run(script) == identity_of(PROGRAM)
    assert identity_of(program) == identity_of(NEXT)


def test_a_key_is_of_the_image_that_made_it(tmp_path: Path) -> None:
    now, then = Module(tmp_path, PROGRAM), Module(tmp_path, NEXT)
    assert now.value("core.key_slots()") == [0, []]
    now.run("core.key_create(1)")
    then.run("core.key_create(2)")
    slots = "[core.key_slots()[0], [(n, i.hex()) for n, i in core.key_slots()[1]]]"
    expected = [0, [[1, identity_of(PROGRAM)], [2, identity_of(NEXT)]]]
    assert now.value(slots) == then.value(slots) == expected
    then.run("core.key_erase(1)")
    assert now.value(slots) == [0, expected[1][1:]]


def test_records_and_statements_are_in_domains_of_their_own(module: Module) -> None:
    module.run("core.key_create(1)")
    key = public_key(module, 1)
    text = b'{"type":"birth"}'
    der = bytes.fromhex(str(module.value(f"core.sign_statement(1, {text!r}).hex()")))
    key.verify(der, PREFIX + text, ec.ECDSA(SHA256()))
    with pytest.raises(InvalidSignature):
        key.verify(der, text, ec.ECDSA(SHA256()))
    section = json.loads(str(module.value(f"core.sign_record(1, {text!r}).decode()")))
    key.verify(bytes.fromhex(section["SD"]), text, ec.ECDSA(SHA256()))
    assert module.refusal(f"core.sign_record(1, {PREFIX + text!r})") == "argument"


def test_refusals_have_their_names(module: Module) -> None:
    for call in (
        "key_public(1)",
        "key_erase(1)",
        "sign_record(1, b'{}')",
        "sign_statement(1, b'{}')",
    ):
        assert module.refusal(f"core.{call}") == "no_key"
    for number in (1, 2, 3, 4):
        module.run(f"core.key_create({number})")
    assert module.refusal("core.key_create(4)") == "key_exists"
    assert module.refusal("core.key_create(5)") == "space"
    assert module.refusal("core.sign_statement(1, b'')") == "argument"


@pytest.mark.parametrize("number", [0, -1, 1 << 32, 1 << 64])
def test_a_number_that_no_key_can_have(module: Module, number: int) -> None:
    for call in ("key_create({})", "key_public({})", "sign_record({}, b'{{}}')"):
        with pytest.raises(subprocess.CalledProcessError) as raised:
            module.run("core." + call.format(number))
        assert "Error" in raised.value.stderr


def test_random_numbers_do_not_repeat(module: Module) -> None:
    numbers = str(module.value("','.join(core.random().hex() for _ in range(20))")).split(",")
    assert len(set(numbers)) == 20
    assert {len(number) for number in numbers} == {64}


def test_a_dead_noise_source_gives_no_number_and_no_key(module: Module) -> None:
    script = "try:\n    core.{}\nexcept core.CoreError as error:\n    print(error.args[1])"
    for call in ("random()", "key_create(1)"):
        assert module.run(script.format(call), WATTSEAL_NOISE="/dev/zero") == "entropy"
    assert module.value("core.key_slots()") == [0, []]


def test_public_keys_are_told_from_other_bytes(module: Module) -> None:
    module.run("core.key_create(1)")
    script = """
key = core.key_public(1)
bad = (b"", key[:-1], key + b"\\0", key[:-1] + bytes([key[-1] ^ 1]), key[:27] + bytes(64))
print(core.public_key_valid(key), [core.public_key_valid(each) for each in bad])
"""
    assert module.run(script) == "True [False, False, False, False, False]"


def test_the_release_is_frozen_in(tmp_path: Path) -> None:
    versions = []
    for program in (PROGRAM, NEXT):
        script = (
            "import release, board\nprint(release.VERSION, len(release.VENDOR_KEY), board.NAME)"
        )
        version, key_bytes, board = Module(tmp_path, program).run(script).split()
        versions.append(version)
        assert (key_bytes, board) == ("91", "unix")
    assert versions[0] != versions[1]


def test_the_boot_loader_is_an_exit_status(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as raised:
        Module(tmp_path).run("import port\nport.enter_boot_loader()")
    assert raised.value.returncode == 66


SIGN_AFTER_HEDGING = """
core.key_create(1)
print(core.hedge())
for _ in range(2):
    print(core.sign_record(1, b"{}").decode(), core.sign_statement(1, b"{}").hex())
"""


@pytest.mark.parametrize(
    ("environment", "is_hedged"),
    [
        ({}, "False"),  # what the tests of this program sign is the same in every run
        ({"WATTSEAL_HEDGE": "1"}, "True"),
    ],
    ids=["not asked for", "asked for"],
)
def test_signatures_are_hedged_where_that_was_asked_for(
    module: Module, environment: dict[str, str], is_hedged: str
) -> None:
    told, *signatures = module.run(SIGN_AFTER_HEDGING, **environment).splitlines()
    assert told == is_hedged
    key = public_key(module, 1)
    for line in signatures:
        section, der = line.split()
        key.verify(bytes.fromhex(json.loads(section)["SD"]), b"{}", ec.ECDSA(SHA256()))
        key.verify(bytes.fromhex(der), PREFIX + b"{}", ec.ECDSA(SHA256()))
    if is_hedged == "False":
        assert signatures[0] == signatures[1]


def test_hedged_signatures_of_one_text_differ(module: Module) -> None:
    _, first, second = module.run(SIGN_AFTER_HEDGING, WATTSEAL_HEDGE="1").splitlines()
    assert all(one != other for one, other in zip(first.split(), second.split(), strict=True))


def test_bad_noise_hedges_nothing_and_signing_goes_on(module: Module) -> None:
    module.run("core.key_create(1)")
    script = 'print(core.hedge())\nprint(core.sign_record(1, b"{}").decode())'
    plain = module.run(script).splitlines()[1]
    told = module.run(script, WATTSEAL_HEDGE="1", WATTSEAL_NOISE="/dev/zero").splitlines()
    assert told == ["False", plain]
