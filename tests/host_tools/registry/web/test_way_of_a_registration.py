"""Through how many files a registration goes, from the request to the log."""

from itertools import count

from fastapi import FastAPI
from starlette.testclient import TestClient
from support.registry.api_caller import Api
from support.registry.simulated_module import METER, SimulatedModule
from support.ways import ROOT, documented, files_run


def test_a_registration_goes_through_as_many_files_as_documented(app: FastAPI, api: Api) -> None:
    numbers = count(10)

    def register() -> None:
        number = next(numbers)
        meter = METER.model_copy(update={"serial": f"1EMH00123456{number}"})
        module = SimulatedModule(f"module {number}", evse_id=f"DE*ABC*E{number}", meter=meter)
        with TestClient(app) as client:  # with a worker thread of its own
            Api(client, api.headers).register(module)

    files = files_run(register, ROOT / "host_tools/wattseal")
    print(len(files), *files, sep="\n")  # shown by `pytest -s`
    assert len(files) <= documented("registration")
