"""The model's library is compiled when its sources are new, and told apart by their content."""

import pytest

from hil.cortex_m0 import build


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    monkeypatch.setattr(build, "CACHE", tmp_path / "cache")
    (tmp_path / "one.c").write_text("int one(void);\nint one(void) {\n    return 1;\n}\n")
    return tmp_path


def test_without_a_compiler_the_package_to_install_is_named(folder, monkeypatch):
    monkeypatch.setattr(build.shutil, "which", lambda _: None)
    with pytest.raises(FileNotFoundError, match="install it"):
        build.compile_library()


def test_what_does_not_compile_is_told_in_the_compilers_words_and_leaves_nothing(folder):
    (folder / "one.c").write_text("int one(void) { return nothing; }\n")
    with pytest.raises(RuntimeError, match="nothing"):
        build.compile_library()
    assert list((folder / "cache").iterdir()) == []


def test_a_library_is_compiled_once_for_a_content(folder, monkeypatch):
    first = build.compile_library()
    made = first.stat().st_mtime_ns
    assert build.compile_library() == first
    assert first.stat().st_mtime_ns == made
    (folder / "one.h").write_text("/* a header counts too */\n")
    assert build.compile_library() != first
    assert len(list((folder / "cache").iterdir())) == 2
