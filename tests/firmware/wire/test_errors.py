import pytest
from wattseal.wire.errors import ERRORS, WattsealError, from_wire, row_of


def test_no_code_and_no_name_is_given_twice():
    codes = [row[0] for row in ERRORS]
    names = [row[1] for row in ERRORS]
    assert len(set(codes)) == len(codes)
    assert len(set(names)) == len(names)


def test_codes_are_json_rpcs_own_or_in_its_range_for_servers():
    standard = {-32700, -32600, -32601, -32602, -32603}
    for code, *_ in ERRORS:
        assert code in standard or -32099 <= code <= -32000


@pytest.mark.parametrize("row", ERRORS, ids=lambda row: row[1])
def test_each_says_what_happened_and_what_to_do_in_whole_sentences(row):
    _, name, sentence, remedy = row
    assert name == name.lower()
    for text in (sentence, remedy):
        assert text[0].isupper()
        assert text.endswith(".")
        assert text.isascii()
        assert len(text) <= 200
    assert sentence != remedy


def test_an_error_is_found_by_code_and_by_name():
    assert row_of(-32003) == row_of("no_session")
    with pytest.raises(KeyError):
        row_of("nonsense")


def test_the_message_holds_sentence_facts_and_remedy():
    error = WattsealError("meter_no_reply", timeout_ms=500)
    assert str(error) == (
        "The meter did not answer in time. (timeout_ms=500) Check its supply, the wiring of A and "
        "B, its unit number, baud rate and parity."
    )


def test_an_error_of_a_newer_firmware_survives_the_wire():
    error = from_wire(-32098, "flux_lost", "The flux is lost.", "Find it.", {"where": "here"})
    assert (error.code, error.name) == (-32098, "flux_lost")
    assert str(error) == "The flux is lost. (where=here) Find it."
