"""Rows of every form: whole, in pieces, too large, broken; one bad row does not stop the rest."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from support.cdr.fake_batches import FakeJudge, Slow, cdr_json, json_rows, refused
from wattseal.cdr.batch import inputs
from wattseal.cdr.batch.inputs import (
    TOO_LARGE,
    Format,
    RowsError,
    format_of,
    open_source,
    read_json_array,
    read_json_lines,
)
from wattseal.cdr.batch.judge import judge_chunk
from wattseal.common.errors import ToolError


@pytest.fixture(params=[1, 7, 64, 1 << 18])
def chunk_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    for module in (inputs,):
        monkeypatch.setattr(module, "CHUNK_BYTES", request.param)
    return request.param


@pytest.fixture
def small_rows(monkeypatch: pytest.MonkeyPatch) -> int:
    for module in (inputs,):
        monkeypatch.setattr(module, "MAX_ROW_BYTES", 100)
    return 100


JSON_LINES = Format("jsonl", None)

LINES = [
    (b"", []),
    (b"{}", [b"{}"]),
    (b"{}\n", [b"{}"]),
    (b"{}\r\n\n[1]\n", [b"{}\r", b"", b"[1]"]),
    (b"\n", [b""]),
    (b"{}\n" * 99, [b"{}"] * 99),
    (b"a" * 100 + b"\nb", [b"a" * 100, b"b"]),
    (b"a" * 101 + b"\nb\n", [TOO_LARGE, b"b"]),
    (b"b\n" + b"a" * 1000 + b"\nc\n", [b"b", TOO_LARGE, b"c"]),
    (b"b\n" + b"a" * 1000, [b"b", TOO_LARGE]),
]


@pytest.mark.parametrize(("text", "rows"), LINES)
def test_json_lines(text: bytes, rows: list[bytes], chunk_bytes: int, small_rows: int) -> None:
    read = json_rows(read_json_lines(io.BytesIO(text)))
    # What lies within one chunk is as it was, and found too large when it is judged.
    assert [TOO_LARGE if len(row) > small_rows else row for row in read] == rows


ARRAYS = [
    (b"[]", []),
    (b" \n[ ] \n", []),
    (b"\xef\xbb\xbf[1]", [b"1"]),
    (b"[{}]", [b"{}"]),
    (b'[{"a": [1, {"b": "]}"}]}, "x,[", 3]', [b'{"a": [1, {"b": "]}"}]}', b' "x,["', b" 3"]),
    (rb'["\"\\", "\\\"]"]', [rb'"\"\\"', rb' "\\\"]"']),
    (b'[{"a":\n1},\n{}]', [b'{"a": 1}', b" {}"]),
    (b"[{},,{}]", [b"{}", b",", b"{}"]),
    (b"[{},]", [b"{}", b","]),
    (b"[{nonsense}, {}]", [b"{nonsense}", b" {}"]),
    (b'[{"a": "' + b"x" * 1000 + b'"}, {}]', [TOO_LARGE, b" {}"]),
    (b'[{"a": "' + rb"\"\\" * 300 + b'"}, {}]', [TOO_LARGE, b" {}"]),
    (b'[{"a": [' + b"1, " * 400 + b"1]}, {}]", [TOO_LARGE, b" {}"]),
    (b"[" + b" " * 1000 + b"{}]", [TOO_LARGE]),
]


@pytest.mark.parametrize("most", [1, 3, 1 << 20])
@pytest.mark.parametrize(("text", "rows"), ARRAYS)
def test_json_array(
    text: bytes, rows: list[bytes], most: int, chunk_bytes: int, small_rows: int
) -> None:
    assert json_rows(read_json_array(Slow(text, most))) == rows  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (b"", "it is empty"),
        (b"{}", "it does not begin with ["),
        (b"[{}", "it ends within the array"),
        (b'["', "it ends within the array"),
        (b"[}]", "a bracket closes that was not opened"),
        (b"[] []", "something follows after the array"),
    ],
)
def test_no_json_array(text: bytes, cause: str) -> None:
    with pytest.raises(RowsError) as failed:
        list(read_json_array(Slow(text, 1)))  # type: ignore[arg-type]
    assert str(failed.value) == cause


def judged_lines(path: Path, said: str | None = None) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    with open_source(str(path), format_of(str(path), said)) as source:
        for chunk in source.chunks:
            lines = judge_chunk(FakeJudge(), chunk).text.splitlines()
            results += map(json.loads, lines)
    return results


def test_rows_that_are_no_cdr_are_named_by_their_row(tmp_path: Path) -> None:
    large = b'{"id": "' + b"x" * (1 << 20) + b'"}'
    broken = [b"{", b"17", b"\xff", b'{"id": "M-5"}', large]
    path = tmp_path / "cdrs.jsonl"
    path.write_bytes(b"\n".join([cdr_json("M-0"), *broken, b"", cdr_json("M-1")]))
    results = judged_lines(path)
    assert [each["row"] for each in results] == [1, 2, 3, 4, 5, 6, 8]
    assert [each["cdr"] for each in results] == [
        *("DE*ABC*M-0", "row 2", "row 3", "row 4", "?*?*M-5", "row 6", "DE*ABC*M-1"),
    ]
    assert [each["reason"] for each in results] == [None, *["cdr_malformed"] * 5, None]
    assert "larger than 1024 KiB" in results[5]["findings"][0]["sentence_en"]


FLAT = {
    "country_code": "DE",
    "party_id": "ABC",
    "id": "M-0",
    "start_date_time": "2026-11-21T10:00:00Z",
    "end_date_time": "2026-11-21T11:00:00Z",
    "cdr_location.evse_id": "DE*ABC*E1",
    "total_energy": "11.525",
    "credit": "",
    "charging_periods": "[]",
    "signed_data.encoding_method": "OCMF",
    "signed_data.signed_values.0.nature": "Start",
    "signed_data.signed_values.0.signed_data": "OCMF|{}|{}",
}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_with_columns_named_after_ocpi(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "cdrs.csv"
    row = delimiter.join(FLAT.values()).replace("11.525", "11,525" if delimiter != "," else "x")
    path.write_bytes(
        b"\xef\xbb\xbf"
        + "\r\n".join([delimiter.join(FLAT), delimiter.join(FLAT.values()), row, "short"]).encode()
    )
    good, no_number, short = judged_lines(path)
    assert (good["verdict"], good["energy_kwh"]) == ("billable", "11.525")
    assert no_number["findings"][0]["subject"] == "total_energy"
    assert (short["row"], short["reason"]) == (3, "cdr_malformed")


def test_csv_with_one_column_of_json(tmp_path: Path, small_rows: int) -> None:
    text = cdr_json("M-0").decode().replace('"', '""')
    path = tmp_path / "cdrs.csv.gz"
    path.write_bytes(gzip.compress(f'note,cdr\nx,"{text}"\ny,\n'.encode()))
    inputs.MAX_ROW_BYTES = 1 << 20
    first, empty = judged_lines(path)
    assert (first["cdr"], empty["cdr"], empty["reason"]) == (
        *("DE*ABC*M-0", "row 2", "cdr_malformed"),
    )


def test_csv_with_rows_too_large(tmp_path: Path) -> None:
    good = ",".join(["M-0", "x"])
    missing_quote = '"' + "\n".join(["y" * 1000] * 2000)
    path = tmp_path / "cdrs.csv"
    path.write_text("\n".join(["id,note", good, "x" * (1 << 21), good, missing_quote]))
    results = judged_lines(path)
    assert [each["cdr"] for each in results][:3] == ["?*?*M-0", "row 2", "?*?*M-0"]
    assert "larger" in results[1]["findings"][0]["sentence_en"]
    assert any("larger" in each["findings"][0]["sentence_en"] for each in results[3:])


@pytest.mark.parametrize(
    ("heading", "cause"),
    [
        ("", "neither a column 'cdr' nor a column 'id'"),
        ("a,b", "neither a column 'cdr' nor a column 'id'"),
        ("id,id", "two columns 'id'"),
        ("id,x.0,x.y", "some columns are numbered and some are not"),
        ("id,x.1000", "counts too far"),
    ],
)
def test_csv_without_its_columns(tmp_path: Path, heading: str, cause: str) -> None:
    path = tmp_path / "cdrs.csv"
    path.write_text(f"{heading}\n1,2,3\n")
    with refused("rows_unreadable") as failed:
        judged_lines(path)
    assert cause in failed.value.message


def test_parquet_flat_and_nested(tmp_path: Path) -> None:
    path = tmp_path / "flat.parquet"
    typed = {name: [text] for name, text in FLAT.items()} | {
        "total_energy": [11.525],
        "credit": [False],
        "start_date_time": pa.array([1_795_255_200_000], pa.timestamp("ms", "UTC")),
    }
    parquet.write_table(pa.table(typed), path)
    [result] = judged_lines(path)
    assert (result["verdict"], result["energy_kwh"]) == ("billable", "11.525")
    path = tmp_path / "nested.parquet"
    rows = [json.loads(cdr_json(f"M-{n}")) for n in range(450)]
    parquet.write_table(pa.Table.from_pylist(rows), path, compression="zstd", row_group_size=64)
    results = judged_lines(path)
    assert [each["cdr"] for each in results] == [f"DE*ABC*M-{n}" for n in range(450)]
    assert {each["verdict"] for each in results} == {"billable"}


def test_parquet_with_one_column_of_json(tmp_path: Path) -> None:
    path = tmp_path / "cdrs.parquet"
    column = [cdr_json("M-0"), None, b"{", b" " * (1 << 21)]
    parquet.write_table(pa.table({"cdr": pa.array(column, pa.binary())}), path)
    results = judged_lines(path)
    assert [each["reason"] for each in results] == [None, *["cdr_malformed"] * 3]


@pytest.mark.parametrize("name", ["x.jsonl.gz", "x.jsonl.zst", "x.parquet", "x.csv.gz", "x.json"])
def test_files_that_are_not_what_they_are_called(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"OCMF|no such file|")
    with pytest.raises(ToolError) as failed:
        judged_lines(path)
    assert (failed.value.name, failed.value.exit_status) == ("rows_unreadable", 2)


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_a_file_that_was_cut(tmp_path: Path, ending: str) -> None:
    text = b"".join(cdr_json(f"M-{n}") + b"\n" for n in range(3000))
    data = gzip.compress(text) if ending == "gz" else pa.Codec("zstd").compress(text, asbytes=True)
    path = tmp_path / f"x.jsonl.{ending}"
    path.write_bytes(data)
    assert len(judged_lines(path)) == 3000
    path.write_bytes(data + data)
    assert len(judged_lines(path)) == 6000
    path.write_bytes(data[: len(data) // 2])
    with refused("rows_unreadable"):
        judged_lines(path)


def test_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jsonl", tmp_path):
        with refused("file_unreadable"):
            judged_lines(path, "jsonl")


@pytest.mark.parametrize(
    ("path", "said", "form"),
    [
        ("a.jsonl", None, Format("jsonl", None)),
        ("a.b.NDJSON.GZ", None, Format("jsonl", "gzip")),
        ("a.csv.zst", None, Format("csv", "zstd")),
        ("a.txt", "csv.gz", Format("csv", "gzip")),
        ("-", None, Format("jsonl", None)),
        ("-", "json", Format("json", None)),
        ("a.parquet", None, Format("parquet", None)),
    ],
)
def test_formats(path: str, said: str | None, form: Format) -> None:
    assert format_of(path, said) == form


@pytest.mark.parametrize(
    ("path", "said"), [("a", None), ("a.txt", None), ("a.gz", None), ("a", "x")]
)
def test_no_format(path: str, said: str | None) -> None:
    with refused("format_unknown"):
        format_of(path, said)


def test_parquet_is_not_compressed_as_a_whole() -> None:
    with refused("rows_unreadable"):
        format_of("a.parquet.gz", None)


def test_another_process_reads_a_files_part_itself(tmp_path: Path, chunk_bytes: int) -> None:
    path = tmp_path / "cdrs.jsonl"
    path.write_bytes(b"{}\n\n[1]\n" * 9 + b"last")
    with open_source(str(path), JSON_LINES) as source:
        chunks = list(source.chunks)
    assert all(chunk.part for chunk in chunks[:-1])
    assert chunks[-1].part is None  # its last line has got an end
    for chunk in chunks:
        sent = pickle.loads(pickle.dumps(chunk.to_send()))  # noqa: S301 - our own
        assert (sent.data == b"") == (chunk.part is not None)
        received = sent.received()
        assert (received.data, received.digest) == (chunk.data, chunk.digest)


def test_a_row_that_is_cut_out_is_sent(tmp_path: Path, small_rows: int) -> None:
    path = tmp_path / "cdrs.jsonl"
    path.write_bytes(b"a" * (1 << 19) + b"\n{}\n")
    with open_source(str(path), JSON_LINES) as source:
        first = next(source.chunks)
    assert (first.part, first.to_send().data) == (None, TOO_LARGE + b"\n")


def test_what_no_other_process_can_open_is_sent(tmp_path: Path) -> None:
    """A name that means another file in each process, a pipe, a file that has no name any more."""
    path = tmp_path / "cdrs.jsonl"
    path.write_bytes(b"{}\n")
    with path.open("rb") as file:
        mine = f"/dev/fd/{file.fileno()}"
        with open_source(mine, JSON_LINES) as source:
            part = next(source.chunks).part
            assert part is None or part.path == str(path)
        path.unlink()
        with open_source(mine, JSON_LINES) as source:
            assert next(source.chunks).part is None
    read_end, write_end = os.pipe()
    os.write(write_end, b"{}\n")
    os.close(write_end)
    with open_source(f"/dev/fd/{read_end}", JSON_LINES) as source:
        assert next(source.chunks).part is None
    os.close(read_end)


@pytest.mark.parametrize("content", [b"{}\n{}\n{}\n", b"\n{}\n\n", b"{}", b"", None])
def test_a_file_that_changes_before_its_part_is_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "cdrs.jsonl"
    path.write_bytes(b"  {}\n")
    with open_source(str(path), JSON_LINES) as source:
        sent = next(source.chunks).to_send()
    if content is None:
        path.rename(tmp_path / "older")
        path.write_bytes(b"  {}\n")
    else:
        path.write_bytes(content)
    with refused("input_changed"):
        sent.received()
    path.unlink()
    with refused("file_unreadable"):
        sent.received()
