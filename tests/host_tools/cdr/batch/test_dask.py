"""The same run on a Dask cluster: one of two workers in processes of their own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import distributed
import pytest
from support.cdr.batch_runs import carry_out, results, write
from support.cdr.fake_batches import FakeJudge, refused
from wattseal.cdr.batch import inputs
from wattseal.cdr.batch.engines import DaskEngine, SerialEngine
from wattseal.cdr.findings import Judgement

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True
    ) as cluster:
        yield cluster.scheduler_address


def test_the_same_results_as_in_one_process(
    tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "CHUNK_BYTES", 1000)
    write(tmp_path, [*(f"M-{n}" for n in range(100)), "bad-1", "M-0", "x"])
    carry_out(tmp_path, SerialEngine(), out="serial.jsonl")
    summary = carry_out(tmp_path, DaskEngine(scheduler), out="dask.jsonl")
    assert summary.codes == {"cdr_repeated": 1, "evse_differs": 1}
    assert results(tmp_path, "dask.jsonl") == results(tmp_path, "serial.jsonl")


def test_a_worker_that_is_killed_again_and_again(tmp_path: Path, scheduler: str) -> None:
    write(tmp_path, ["M-0", "dies"])
    with refused("worker_lost") as failed:
        carry_out(tmp_path, DaskEngine(scheduler), AlwaysDies())
    assert "Dask" in failed.value.message
    write(tmp_path, ["M-0", "M-1"])
    assert carry_out(tmp_path, DaskEngine(scheduler)).cdrs == 2


class AlwaysDies(FakeJudge):
    def judge_all(self, cdrs: object) -> list[Judgement]:  # type: ignore[override]
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", "tcp://no.such.host:1"])
def test_no_scheduler(tmp_path: Path, address: str) -> None:
    write(tmp_path, ["M-0"])
    with refused("scheduler_unusable") as failed:
        carry_out(tmp_path, DaskEngine(address, timeout_s=2))
    assert failed.value.exit_status == 2


def test_a_scheduler_without_workers(tmp_path: Path) -> None:
    write(tmp_path, ["M-0"])
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=None, processes=False) as cluster,
        refused("scheduler_unusable") as failed,
    ):
        carry_out(tmp_path, DaskEngine(cluster.scheduler.address, timeout_s=1))
    assert "no workers" in failed.value.message
