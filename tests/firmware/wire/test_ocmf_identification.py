import pytest
from wattseal.wire.errors import WattsealError
from wattseal.wire.ocmf_identification import check_user


@pytest.mark.parametrize(
    ("user", "id_type"),
    [
        ({}, "NONE"),
        ({"id_type": "DENIED"}, "DENIED"),
        ({"tariff_text": ""}, "NONE"),
        ({"id_tag": "anything at all"}, "UNDEFINED"),
        ({"id_tag": "1F2D3A4F", "id_type": "ISO14443"}, "ISO14443"),
        ({"id_tag": "1f2d3a4f5506c7", "id_type": "ISO14443"}, "ISO14443"),
        ({"id_tag": "E007000012345678", "id_type": "ISO15693"}, "ISO15693"),
        ({"id_tag": "DE8AAC12345678", "id_type": "EMAID"}, "EMAID"),
        ({"id_tag": "DE8AAC123456789", "id_type": "EMAID"}, "EMAID"),
        ({"id_tag": "0A1B2C", "id_type": "EVCCID"}, "EVCCID"),
        ({"id_tag": "DE-8AA-123456-7", "id_type": "EVCOID"}, "EVCOID"),
        ({"id_tag": "4111111111111111", "id_type": "ISO7812"}, "ISO7812"),
        ({"id_tag": "+4930123456", "id_type": "PHONE_NUMBER"}, "PHONE_NUMBER"),
        ({"id_tag": "x", "id_type": "KEY_CODE", "id_level": "SECURE"}, "KEY_CODE"),
    ],
)
def test_good_users_keep_their_fields_and_get_a_type(user, id_type):
    assert check_user(user) == {**user, "id_type": id_type}


@pytest.mark.parametrize(
    ("user", "field"),
    [
        ({"id_type": "ISO14443"}, "id_type"),
        ({"id_type": "UNDEFINED"}, "id_type"),
        ({"id_tag": "x", "id_type": "NONE"}, "id_type"),
        ({"id_tag": "x", "id_type": "DENIED"}, "id_type"),
        ({"id_level": "HEARSAY"}, "id_level"),
        ({"id_flags": ["RFID_PLAIN"]}, "id_flags"),
        ({"id_tag": ""}, "id_tag"),
        ({"id_tag": "1F2D3A4", "id_type": "ISO14443"}, "id_tag"),
        ({"id_tag": "1F2D3A4F55", "id_type": "ISO14443"}, "id_tag"),
        ({"id_tag": "1F2D3A4G", "id_type": "ISO14443"}, "id_tag"),
        ({"id_tag": "1F2D3A4F", "id_type": "ISO15693"}, "id_tag"),
        ({"id_tag": "DE8AAC1234567", "id_type": "EMAID"}, "id_tag"),
        ({"id_tag": "DE-8AA-1234567", "id_type": "EMAID"}, "id_tag"),
        ({"id_tag": "0A1B2C3", "id_type": "EVCCID"}, "id_tag"),
        ({"id_tag": "4111-1111", "id_type": "ISO7812"}, "id_tag"),
        ({"id_tag": "004930123456", "id_type": "PHONE_NUMBER"}, "id_tag"),
        ({"id_tag": "+", "id_type": "PHONE_NUMBER"}, "id_tag"),
        ({"id_tag": "+" + "1" * 16, "id_type": "PHONE_NUMBER"}, "id_tag"),
        ({"id_tag": "x", "id_type": "ISO144430"}, "id_type"),
        ({"id_tag": "x", "id_level": "INVALID"}, "id_level"),
        ({"id_tag": "x", "id_level": "OUTDATED"}, "id_level"),
        ({"id_tag": "x", "id_level": "UNKNOWN"}, "id_level"),
        ({"id_tag": "x", "id_level": "MISMATCH"}, "id_level"),
        ({"id_tag": "x", "id_flags": ["RFID"]}, "id_flags"),
        ({"session_id": 1}, "session_id"),
    ],
)
def test_bad_users_are_refused_naming_the_field(user, field):
    with pytest.raises(WattsealError) as refused:
        check_user(user)
    assert (refused.value.name, refused.value.detail["field"]) == ("out_of_range", field)
