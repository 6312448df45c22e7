"""Through how many files a reading goes, from the meter's wire to the signed record."""

from support.app.bench import Bench
from support.ways import ROOT, documented, files_run


def test_a_reading_goes_through_as_many_files_as_documented() -> None:
    bench = Bench().set_up()

    def charge() -> None:
        bench.call("begin")
        bench.call("end")

    files = files_run(charge, ROOT / "firmware")
    print(len(files), *files, sep="\n")  # shown by `pytest -s`
    assert len(files) <= documented("reading")
