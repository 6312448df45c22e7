"""What instructions the code on secrets has: no branch, call or access that depends on them.

A list in this file is exact: what is new makes a test fail, and somebody has to look whether it
depends on a secret. That it does not is shown in other ways by test_cycles.py and
test_constant_time.py.
"""

import re

import pytest
from armv6m_divstep import divstep_text
from armv6m_field import field_text
from armv6m_point import point_text
from armv6m_sha256 import sha256_text
from support.core.arm import compiled, whole_core
from support.core.disassembly import Disassembly

TEXT = field_text() + divstep_text() + point_text() + sha256_text()
CALCULATIONS = {"adds", "adcs", "subs", "sbcs", "rsbs", "muls", "add", "sub", "cmp"}
CALCULATIONS |= {"eors", "ands", "orrs", "bics", "mvns", "lsls", "lsrs", "asrs", "rors"}
CALCULATIONS |= {"uxth", "sxth", "rev", "movs", "mov"}
ACCESSES = {"ldr", "ldrb", "str", "ldmia", "stmia", "push", "pop"}

# Of the assembler; what the numbers are that they go by.
BRANCHES = {
    "ws_field_select": {
        "bne 1b": "passes over the table, counted in lr",
        "bne 2b": "entries, counted by the table's address",
    },
    "ws_sha256_blocks": {
        "beq .Lend": "blocks, counted by the data's address",
        "bne .Lunaligned": "the two lowest bits of the data's address",
        "bne 1b": "words that are put together of bytes, counted by their address",
        "beq .Ladd_to_state": "runs of rounds, counted in the upper bits of r7",
        "b .Lrounds": "always",
        "b .Lschedule": "always",
        "b .Lnext_block": "always",
        "b .Lloaded": "always",
    },
}
# Where the two that are not straight-line read and write.
BASES = {
    "ws_field_select": {"r0": "the result", "r1": "the table"},
    "ws_sha256_blocks": {
        "r0": "the state, the data",
        "r3": "the schedule, on the stack",
        "r6": "the table of constants; in the schedule of single bytes, its end on the stack",
        "sp": "the schedule and the arguments",
        ".Ltable_address": "a constant",
    },
}

FUNCTION = re.compile(r"\n(\w+):\n(.*?)    \.size \1,", re.DOTALL)
LOCAL = re.compile(r"(\.L)?\w+:\s*")


def functions() -> dict[str, list[str]]:
    """The instructions of each function of the assembler."""
    found = {}
    for name, body in FUNCTION.findall(TEXT):
        lines = (LOCAL.sub("", line.strip(), count=1) for line in body.splitlines())
        found[name] = [line for line in lines if line and not line.startswith((".", "@"))]
    return found


ASSEMBLER = functions()


def test_all_functions_are_looked_at() -> None:
    assert len(ASSEMBLER) == TEXT.count(".size ") > 20


@pytest.mark.parametrize("name", ASSEMBLER)
def test_assembler_has_only_instructions_of_constant_time(name: str) -> None:
    branches = BRANCHES.get(name, {})
    used = {line.split()[0] for line in ASSEMBLER[name] if line not in branches}
    assert used <= CALCULATIONS | ACCESSES | {"bl"}
    assert set(branches) <= set(ASSEMBLER[name])
    assert all(ASSEMBLER[name].count(branch) == 1 for branch in branches)


@pytest.mark.parametrize("name", ASSEMBLER)
def test_assembler_calls_cores_of_the_field_alone(name: str) -> None:
    called = {line.split()[1] for line in ASSEMBLER[name] if line.startswith("bl ")}
    assert called <= {core for core in ASSEMBLER if core.endswith("_core")}
    if name.endswith("_core"):
        assert not called


@pytest.mark.parametrize("name", BASES)
def test_addresses_of_what_is_not_straight_line(name: str) -> None:
    """Of the straight-line functions test_data_flow.py proves that they are the arguments."""
    bases = set()
    for line in ASSEMBLER[name]:
        mnemonic, _, rest = line.partition(" ")
        if mnemonic in ("ldmia", "stmia"):
            bases.add(rest.split("!")[0].split(",")[0])
        elif mnemonic in ("ldr", "ldrb", "str"):
            bases.add(rest.split(", ", 1)[1].strip("[]").split(",")[0])
    assert bases == set(BASES[name])


# --- C, as it is compiled for the image ---------------------------------------------------------

SECRET_ENTRIES = ("ws_ecdsa_sign", "ws_p256_scalar_valid", "multiply_generator")

# Conditional branches of all that these call, with -O2, and what they go by.
COUNTED = {
    "hash_pad": (1, "bytes of the key"),
    "invert": (14, "limbs, words and rounds; which limbs lie in two words"),
    "memcpy": (7, "sizes and addresses"),
    "memset": (11, "sizes and addresses"),
    "update": (1, "whether there is data, by its size"),
    "ws_comb_make_odd": (1, "words"),
    "ws_comb_multiply": (7, "columns, blocks and teeth; the first addition, the last digit"),
    "ws_constant_time_equal": (2, "bytes; none if the size is 0"),
    "ws_ecdsa_sign": (
        6,
        "whether the key is valid; nonces, and whether one is thrown away, which tells nothing of "
        "what is drawn next; whether the check passed",
    ),
    "ws_field_select": (2, "see above"),
    "ws_nonce_init": (1, "whether there is added entropy"),
    "ws_nonce_next": (1, "whether it is the first nonce"),
    "ws_point_on_curve": (1, "the three subtractions of x"),
    "ws_sha256_blocks": (4, "see above"),
    "ws_sha256_finish": (3, "sizes; words of the digest"),
    "ws_words_add": (1, "words"),
    "ws_words_choose": (1, "words"),
    "ws_words_decode": (1, "words"),
    "ws_words_encode": (1, "words"),
    "ws_words_equal": (1, "words"),
    "ws_words_is_zero": (1, "words"),
    "ws_words_subtract": (1, "words"),
}


@pytest.fixture(scope="module")
def disassembly() -> Disassembly:
    return Disassembly(compiled(whole_core()))


def test_conditional_branches_of_c(disassembly: Disassembly) -> None:
    reached = disassembly.reached(*SECRET_ENTRIES)
    found = {name: disassembly.branches[name] for name in reached if disassembly.branches[name]}
    assert found == {name: count for name, (count, _) in COUNTED.items()}


def test_c_calls_nothing_whose_time_depends_on_numbers(disassembly: Disassembly) -> None:
    """The compiler's functions for products and quotients of 64 bits are such, and what is called
    through a register cannot be seen.
    """
    reached = disassembly.reached(*SECRET_ENTRIES)
    own = re.compile(r"ws_\w+|begin|hash_pad|hmac|invert|multiply_generator|update|memcpy|memset")
    assert {name for name in reached if not own.fullmatch(name)} == set()
    assert len(reached) > 50
