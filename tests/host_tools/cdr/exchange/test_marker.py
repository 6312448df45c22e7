"""The marker for invalid metering data: where it stands, and that it fits."""

from pathlib import Path

import pytest
from wattseal.cdr.marker import DEFAULT, Marker, marker_for, read_markers
from wattseal.common.errors import ToolError

CODES = ("signature_mismatch", "energy_differs")


class TestMapping:
    @pytest.mark.parametrize(
        ("text", "cause"),
        [
            ("[", "no TOML"),
            ('["9.9"]\nremark = true', "9.9 is none of"),
            ('["2.2.1"]\nremark = false', "must stand somewhere"),
            ('["2.2.1"]\nprefix = "a b"', "prefix"),
            ('["2.2.1"]\ncustom_field = "x y"', "custom_field"),
            ('["2.2.1"]\ncolour = "red"', "colour"),
            ("remark = true", "remark"),
        ],
    )
    def test_that_is_none(self, tmp_path: Path, text: str, cause: str) -> None:
        (tmp_path / "m.toml").write_text(text)
        with pytest.raises(ToolError, match=cause) as caught:
            read_markers(tmp_path / "m.toml")
        assert caught.value.name == "marker_malformed"

    def test_of_each_version(self, tmp_path: Path) -> None:
        path = tmp_path / "m.toml"
        path.write_text('["2.3.0"]\nremark = false\ncustom_field = "invalid_metering_data"\n')
        markers = read_markers(path)
        assert marker_for(markers, "2.2.1") == DEFAULT
        marked = marker_for(markers, "2.3.0").mark({"remark": "hello"}, CODES)
        assert marked == {"remark": "hello", "invalid_metering_data": list(CODES)}
        assert marker_for(markers, "2.3.0").read(marked) == CODES


class TestRemark:
    def test_is_read_back(self) -> None:
        marked = DEFAULT.mark({"id": "1"}, CODES)
        assert marked["remark"] == "[invalid-metering-data: signature_mismatch,energy_differs]"
        assert DEFAULT.read(marked) == CODES

    def test_keeps_what_stood_there(self) -> None:
        marked = DEFAULT.mark({"remark": "cable was broken"}, CODES[:1])
        assert marked["remark"].endswith(
            "[invalid-metering-data: signature_mismatch] cable was broken"
        )
        assert DEFAULT.read(marked) == CODES[:1]

    def test_is_replaced_and_not_repeated(self) -> None:
        once = DEFAULT.mark({"remark": "hello"}, CODES)
        twice = DEFAULT.mark(once, ["begin_missing"])
        assert twice["remark"] == "[invalid-metering-data: begin_missing] hello"

    @pytest.mark.parametrize("length", [0, 150, 196, 197, 198, 200, 255])
    def test_never_exceeds_255_characters(self, length: int) -> None:
        marked = DEFAULT.mark({"remark": "x" * length}, CODES)
        assert len(marked["remark"]) <= 255
        assert DEFAULT.read(marked) == CODES

    def test_names_as_many_codes_as_fit(self) -> None:
        many = [f"code_{number:02}_{'x' * 20}" for number in range(30)]
        marked = DEFAULT.mark({}, many)
        read = DEFAULT.read(marked)
        assert len(marked["remark"]) <= 255
        assert read == tuple(many[: len(read or ())])
        assert f"+{30 - len(read or ())}more" in marked["remark"]

    @pytest.mark.parametrize(
        "remark", [None, "", "hello", "see [invalid-metering-data: x]", "[other: x]"]
    )
    def test_is_not_seen_where_there_is_none(self, remark: str | None) -> None:
        assert DEFAULT.read({"remark": remark}) is None

    def test_with_another_prefix(self) -> None:
        own = Marker(prefix="NOT-BILLABLE")
        assert own.read(own.mark({}, CODES)) == CODES
        assert DEFAULT.read(own.mark({}, CODES)) is None

    def test_leaves_the_cdr_itself_alone(self) -> None:
        cdr = {"id": "1", "remark": "hello"}
        DEFAULT.mark(cdr, CODES)
        assert cdr == {"id": "1", "remark": "hello"}
