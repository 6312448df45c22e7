"""The table of errors that the binding raises from."""

from support.core.library import Core

TABLE = {
    0: "ok",
    -1: "argument",
    -2: "space",
    -3: "storage",
    -4: "entropy",
    -5: "no_key",
    -6: "key_exists",
    -7: "key_broken",
    -8: "public_key",
    -9: "signature",
    -10: "self_test",
    -11: "fault",
    -12: "key_of_other_chip",
}


def test_codes_and_names_are_what_they_were(core: Core) -> None:
    assert {code: core.error_name(code) for code in TABLE} == TABLE


def test_a_number_that_is_no_code_has_a_name_too(core: Core) -> None:
    for code in (1, -13, -32000, 2**31 - 1, -(2**31)):
        assert core.error_name(code) == "unknown"
