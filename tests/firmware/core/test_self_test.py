"""The self-test: passes as built, and names each primitive that is broken on purpose."""

import ctypes

import pytest
from support.core.build import C_FILES, SANITIZED_RUN, Variant, build
from support.core.library import Core, constant

NAMES = ["crc", "sha256", "health", "drbg", "sign", "verify_good", "verify_forged"]
ALL = constant("ws_self_test.h", "WS_SELF_TEST_ALL")
SIGNING = constant("ws_self_test.h", "WS_SELF_TEST_SIGNING")

BROKEN = {
    "crc16": {"crc"},
    "crc32": {"crc"},
    "sha256": {"sha256", "drbg", "sign", "verify_good"},
    "sha256 of two blocks": {"sha256"},
    "health accepts all": {"health"},
    "health refuses all": {"health"},
    "health misses periods": {"health"},
    "drbg": {"drbg"},
    "sign": {"sign"},
    "sign fails": {"sign"},
    "verify accepts all": {"verify_forged"},
    "verify refuses all": {"verify_good"},
    "der": {"verify_good"},
    "spki": {"verify_good", "verify_forged"},
}


def test_all_pass(core: Core) -> None:
    assert core.self_test(ALL) == set()
    assert core.self_test(SIGNING) == set()


def test_names(core: Core) -> None:
    assert [core.self_test_name(bit) for bit in range(len(NAMES))] == NAMES
    for bit in (len(NAMES), 31, 32, 2**31):
        assert core.self_test_name(bit) is None


@pytest.fixture(scope="module")
def broken_core() -> Core:
    if SANITIZED_RUN:
        pytest.skip("breaks the core as it is shipped; the sanitizers have nothing to add")
    wrapped = [line.split("__real_")[1].split("(")[0] for line in real_functions()]
    return Core(
        build(
            Variant(
                "broken",
                extra=("broken_primitives.c",),
                link_flags=tuple(f"-Wl,--wrap={name}" for name in wrapped),
            )
        )
    )


def real_functions() -> list[str]:
    """The declarations of what broken_primitives.c stands in front of."""
    lines = (C_FILES / "broken_primitives.c").read_text().splitlines()
    return [line for line in lines if "__real_" in line and not line.startswith(" ")]


@pytest.mark.parametrize("primitive", BROKEN)
def test_a_broken_primitive_is_named(broken_core: Core, primitive: str) -> None:
    switch = ctypes.c_char_p.in_dll(broken_core.library, "broken_primitive")
    switch.value = primitive.encode()
    try:
        assert broken_core.self_test() == BROKEN[primitive]
        assert broken_core.self_test(SIGNING) == BROKEN[primitive] & set(NAMES[:5])
    finally:
        switch.value = b""
    assert broken_core.self_test() == set()
