"""The check as one file that works without a network: page, styles and scripts together.

Browsers do not load modules from files, so the modules are put into one script, each in a function
of its own. The page's policy names the hash of that script and lets it open no connection at all.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files

from starlette.types import Scope

from wattseal.registry.http.check import javascript
from wattseal.registry.http.check.words import WORDS
from wattseal.registry.http.page_templates import render
from wattseal.verify.sentences import Language

_STATIC = files("wattseal.registry.http").joinpath("static")
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const) (\w+))", re.MULTILINE)


def page(scope: Scope, language: Language) -> str:
    """The whole file."""
    style, script = _style(), _script("page")
    return render(
        "check_offline.html",
        scope,
        lang=language.value,
        words={name: getattr(sentence, language.value) for name, sentence in WORDS.items()},
        is_offline=True,
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}",
    )


@cache
def _style() -> str:
    return (
        _STATIC.joinpath("style.css").read_text() + _STATIC.joinpath("check/check.css").read_text()
    )


@cache
def _script(main: str) -> str:
    """All modules that the main one needs, each after those that it needs itself."""
    modules: dict[str, str] = {}
    _collect(main, modules)
    return "".join(modules.values())


def _collect(name: str, modules: dict[str, str]) -> None:
    """Put a module as a function that returns its exports into `modules`, after its imports.

    What could end the script or begin a comment in HTML is written otherwise.
    """
    if name in modules:
        return
    text = _text(name)
    for imported in _IMPORT.finditer(text):
        _collect(imported[2], modules)
    exports = ", ".join(found[2] for found in _EXPORT.finditer(text))
    text = _IMPORT.sub(lambda found: f"const {{{found[1]}}} = in_{found[2]};\n", text)
    text = _EXPORT.sub(r"\1", text)
    text = text.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    modules[name] = f"const in_{name} = (() => {{\n{text}return {{ {exports} }};\n}})();\n"


def _text(name: str) -> str:
    if name == "tables":
        return javascript.tables_module()
    return _STATIC.joinpath(f"check/{name}.js").read_text("utf-8")


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
