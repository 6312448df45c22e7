"""Without a network on site: export there, submit from the operated, finish there."""

import json
from pathlib import Path

from support.commissioning.workbench import EVSE_ID, Bench

from hil.registry_process import RegistryProcess
from hil.targets.unix import UnixRig


def test_without_a_network(rig: UnixRig, bench: Bench, registry: RegistryProcess) -> None:
    """Export on site, submit from the operated, finish on site; and once more of each."""
    wattseal = bench.wattseal
    bench.station.change(**registry.settings)
    exported = bench.export(rig.port)
    assert exported.status == 0, exported.err
    early = wattseal("commission", "finish", bench.job, "--port", rig.port)
    assert "There is no answer of the registry yet" in early.err
    entries = set()
    for _ in range(2):
        sent = wattseal(
            *("commission", "submit", *bench.job.glob("*17.request.json"), "--json"),
            *registry.options(),
        )
        assert sent.status == 0, sent.err
        entries |= {one["entry"] for one in sent.json["requests"]}
    assert len(entries) == 1
    for _ in range(2):
        done = wattseal("commission", "finish", bench.job, "--port", rig.port, "--test-charge", 0)
        assert done.status == 0, done.err
        assert "the module is operational" in done.out
    sent = wattseal("commission", "submit", bench.job, "--json", *registry.options())
    assert [Path(one["request"]).name for one in sent.json["requests"]] == [
        "WS000017-DE-WSL-E00017.test-charge.request.json"
    ]
    assert (
        "There is nothing to send."
        in wattseal("commission", "submit", bench.job, *registry.options()).out
    )
    printed = wattseal(
        *("commission", "document", "--evse", EVSE_ID, "--registry", registry.url),
        *("--out", bench.folder / "documents"),
    )
    assert printed.status == 0, printed.err
    [page] = (bench.folder / "documents").glob("*.html")
    assert "Both records are signed with the key above: verified." in page.read_text()


def test_one_bad_request_does_not_stop_the_rest(
    rig: UnixRig, bench: Bench, registry: RegistryProcess
) -> None:
    bench.station.change(**registry.settings)
    bench.export(rig.port)
    [good] = bench.job.glob("*.request.json")
    text = good.read_text()
    (bench.job / "a.request.json").write_text("{}")
    (bench.job / "b.request.json").write_text(text.replace("registry.example", "other.example", 1))
    other = json.loads(text)
    other["request"]["meter"]["calibration_year"] = 1999
    (bench.job / "c.request.json").write_text(json.dumps(other))
    sent = bench.wattseal("commission", "submit", bench.job, "--json", *registry.options())
    assert sent.status == 1
    told = [one.get("error", {}).get("name") for one in sent.json["requests"]]
    assert told == [None, "job_file_malformed", "registry_differs", "registry_refused"]
