"""The meter profiles of an image: made when they are asked for, else like a dict of them."""

import pytest
from app.profiles import Profiles

made: list[str] = []


def make(name: str) -> dict[str, str]:
    made.append(name)
    return {"name": name}


@pytest.fixture
def profiles() -> Profiles:
    made.clear()
    return Profiles({"sdm630": lambda: make("sdm630"), "em340": lambda: make("em340")})


def test_only_what_is_asked_for_is_made(profiles: Profiles) -> None:
    assert "sdm630" in profiles
    assert "other" not in profiles
    assert sorted(profiles) == ["em340", "sdm630"]
    assert profiles.get("other") is None
    assert made == []
    assert profiles["sdm630"] == profiles.get("sdm630") == {"name": "sdm630"}
    assert made == ["sdm630", "sdm630"]
    with pytest.raises(KeyError):
        profiles["other"]


def test_what_one_user_changes_no_other_sees(profiles: Profiles) -> None:
    profiles["em340"]["name"] = "changed"
    assert profiles["em340"] == {"name": "em340"}
