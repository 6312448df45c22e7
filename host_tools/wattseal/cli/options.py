"""Options that several commands share, and what they lead to: a module, a registry, a database."""

from __future__ import annotations

import importlib.util
import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, is_dataclass
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

import typer

from wattseal.cli.output import as_json, say
from wattseal.common.errors import EXIT_USAGE, ToolError
from wattseal.common.files import OutputDirectory, read_private
from wattseal.device.link import DEFAULT_BAUD

if TYPE_CHECKING:
    from wattseal.cdr.keys import KeySource
    from wattseal.common.sql import Database
    from wattseal.device.device import Device
    from wattseal.device.models import Hello
    from wattseal.registry.client import RegistryClient


def option(metavar: str, text: str, *names: str, **settings: Any) -> Any:
    """An option with a value: its help shows `metavar` and `text`."""
    return typer.Option(*names, metavar=metavar, help=text, **settings)


def argument(metavar: str, text: str) -> Any:
    """An argument: its help shows `metavar` and `text`."""
    return typer.Argument(metavar=metavar, help=text)


Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
OutputPath = Annotated[
    Path | None, option("DIR", "Write the files into this directory.", "--out", "-o")
]
OutputFile = Annotated[Path | None, option("FILE", "Write it into this file.", "--out", "-o")]
KeyFileToMake = Annotated[Path, argument("KEYFILE", "The file to be made.")]
Marker = Annotated[Path | None, option("FILE", "TOML: which field marks invalid metering data.")]
ListenHost = Annotated[str, option("HOST", "Listen here.")]
ListenPort = Annotated[int, option("PORT", "0: any free one.", min=0, max=65535)]

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Baud = Annotated[int, option("BITS/S", "Speed of a UART; USB ignores it.")]
Timeout = Annotated[
    float | None,
    option(
        "SECONDS",
        "Longest wait for an answer. Default: 5, or 60 where the module reads or signs.",
        min=0.1,
        max=3600,
        envvar="WATTSEAL_TIMEOUT",
        show_default=False,
    ),
]
BAUD = DEFAULT_BAUD

_Parameter = partial(inspect.Parameter, kind=inspect.Parameter.KEYWORD_ONLY)
# The options that every help ends with, in this order.
_AT_THE_END = {
    "json_output": _Parameter("json_output", default=False, annotation=Json),
    "baud": _Parameter("baud", default=BAUD, annotation=Baud),
    "timeout": _Parameter("timeout", default=None, annotation=Timeout),
}


def port_option(text: str, kind: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    """The option --port with this help, for the class of a parameter `module`."""
    port = option("PORT", text, "--port", "-p", envvar="WATTSEAL_PORT")
    return _Parameter("port", default=default, annotation=Annotated[kind, port])


@dataclass(frozen=True)
class Module:
    """Where a module is: its port, the speed of a UART, and how long to wait for an answer."""

    OPTION: ClassVar = port_option(
        "Serial device (/dev/ttyACM0 on USB, /dev/ttyUSB0 of an adaptor, COM5), or a URL such as "
        "socket://host:port.",
        str,
    )

    port: str
    baud: int
    timeout_s: float | None

    @contextmanager
    def connected(self) -> Iterator[tuple[Device, Hello]]:
        """The module, which has said hello; the port is free again afterwards."""
        from wattseal.device.device import Device
        from wattseal.device.link import LinkClient, SerialTransport

        with SerialTransport(self.port, self.baud) as transport:
            device = Device(LinkClient(transport, self.timeout_s))
            yield device, device.connect(self.port)


_Command = TypeVar("_Command", bound=Callable[..., Any])


class Commands(typer.Typer):
    """Commands that return their `Result`, or None if they have said all themselves.

    Each has the option --json without declaring it. A parameter `module` of a class as `Module` is
    made of the option --port, which the class has as `OPTION`, and of --baud and --timeout. Any
    other parameter of a dataclass is made of an option for each of its fields.
    """

    def command(
        self, name: str | None = None, *, example: str | None = None, **settings: Any
    ) -> Callable[[_Command], _Command]:
        """As Typer's; `example` is the command line at the end of the help."""
        if example:
            settings["epilog"] = f"\b\nExample:\n  {example}"
        register = super().command(name, **settings)
        return lambda command: register(_with_shared_options(command))

    def callback(self, **settings: Any) -> Callable[[_Command], _Command]:
        """As Typer's, for a group that is a command itself."""
        register = super().callback(**settings)
        return lambda command: register(_with_shared_options(command))


def _with_shared_options(command: Any) -> Any:
    """The command as Typer takes it: with all its options, and giving the exit status."""
    taken = inspect.signature(command, eval_str=True).parameters
    module = taken.get("module")
    groups = {
        name: inspect.signature(cls, eval_str=True).parameters
        for name, cls in ((name, one.annotation) for name, one in taken.items())
        if name != "module" and isinstance(cls, type) and is_dataclass(cls)
    }
    options: list[inspect.Parameter] = []
    for name, one in taken.items():
        if one is module:
            options.append(one.annotation.OPTION)
        elif name not in _AT_THE_END:
            members = groups[name].values() if name in groups else (one,)
            options += [each.replace(kind=each.KEYWORD_ONLY) for each in members]
    needed = {"json_output", *taken, *(_AT_THE_END if module else ())}
    options += [one for name, one in _AT_THE_END.items() if name in needed]

    @wraps(command)
    def run(**values: Any) -> int:
        wants_json = values["json_output"]
        if module:
            place = (values.pop(name) for name in ("port", "baud", "timeout"))
            values["module"] = module.annotation(*place)
        for name, members in groups.items():
            values[name] = taken[name].annotation(**{each: values.pop(each) for each in members})
        result = command(**{name: values[name] for name in taken})
        return result.show(wants_json=wants_json) if result else 0

    run.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    return run


@contextmanager
def failure_is_status_2() -> Iterator[None]:
    """Failures within end the command with status 2: status 1 is an answer there."""
    try:
        yield
    except ToolError as error:
        error.exit_status = EXIT_USAGE
        raise


def check_installed(extra: str, packages: Iterable[str]) -> None:
    """The packages are an extra: say so, rather than which import failed."""
    missing = [each for each in packages if importlib.util.find_spec(each) is None]
    if missing:
        raise ToolError("extra_missing", extra=extra, missing=", ".join(missing))


def check_new(file: Path) -> None:
    """Refuse a file that is there already. ToolError `file_exists`."""
    if file.exists():
        raise ToolError("file_exists", path=str(file))


def check_output(out: Path | None, *names: str) -> None:
    """Find out before anything is done whether files of these names can be written."""
    if out is not None:
        directory = OutputDirectory(out)
        directory.check_writable()
        for name in names:
            directory.check_free(name)


def write_files(out: Path | None, files: Mapping[str, str]) -> list[Path]:
    """Write the files, if they are asked for, and tell where they are."""
    return [] if out is None else OutputDirectory(out).write(files)


def first_line(file: Path, encoding: str) -> str:
    """The first line of a file that nobody else may read, which is a secret.

    ToolError `secret_exposed`, `secret_unreadable`.
    """
    lines = read_private(file).splitlines()
    try:
        return lines[0].decode(encoding) if lines else ""
    except UnicodeDecodeError:
        cause = f"its first line is not {encoding}"
        raise ToolError("secret_unreadable", path=str(file), cause=cause) from None


def say_listening(data: Path, url: str, *, wants_json: bool) -> None:
    """Where a service answers, once it does."""
    print(as_json({"url": url, "data": data})) if wants_json else say(url)


ACCESS_KEY = "WATTSEAL_ACCESS_KEY"


def registry_option(text: str) -> Any:
    """The option --registry with this help."""
    return option("URL", text, "--registry", "-r", envvar="WATTSEAL_REGISTRY", show_default=False)


RegistryUrl = Annotated[
    str, registry_option("The public-key registry, such as https://registry.example.")
]
Vkey = Annotated[
    str | None,
    option(
        "KEY",
        "The registry's key, NAME+ID+KEY, as its administrator tells it. Default: the one that "
        "was met first.",
        "--vkey",
        envvar="WATTSEAL_REGISTRY_VKEY",
        show_default=False,
    ),
]
AllowHttp = Annotated[
    bool,
    typer.Option(
        "--allow-http",
        help="Ask over http beyond this computer: in closed test networks only.",
        envvar="WATTSEAL_REGISTRY_ALLOW_HTTP",
    ),
]
OptionalRegistryUrl = Annotated[
    str | None, registry_option("The public-key registry that knows the right keys.")
]
KeysFile = Annotated[
    Path | None,
    option(
        "FILE",
        "Instead: an export of the registry (`registry export --format json`).",
        show_default=False,
    ),
]
AccessKeyFile = Annotated[
    Path | None,
    option("FILE", f"Its first line is the access key. Default: ${ACCESS_KEY}."),
]


def access_key_of(file: Path | None) -> str:
    """The access key; ToolError `usage`, `secret_exposed`, `secret_unreadable`."""
    text = (first_line(file, "ASCII") if file else os.environ.get(ACCESS_KEY, "")).strip()
    if not text:
        raise ToolError(
            "usage",
            cause="The registry takes that with an access key only.",
            help=f"Give --access-key FILE, or set {ACCESS_KEY}.",
        )
    if not (text.isascii() and text.isprintable() and " " not in text):
        cause = "The access key holds characters that no access key has."
        raise ToolError("usage", cause=cause, help="")
    return text


def registry_client(
    url: str,
    access_key: str | None = None,
    *,
    vkey: str | None = None,
    allow_http: bool = False,
) -> RegistryClient:
    """A client of the registry, which takes a while to import."""
    from wattseal.registry.client import RegistryClient

    return RegistryClient(url, access_key, vkey=vkey, allow_http=allow_http)


def key_source(registry: str | None, export: Path | None) -> KeySource:
    """The source that was given; the export, if both were. ToolError `keys_needed`."""
    from wattseal.cdr.keys import ExportKeys, RegistryKeys

    if export is not None:
        return ExportKeys(export)
    if registry:
        return RegistryKeys(registry)
    raise ToolError("keys_needed")


RECEIVER_PACKAGES = ("alembic", "fastapi", "sqlalchemy", "structlog", "uvicorn")
"""Of the extra `registry`, which the receiver of CDRs stands on too."""

DataFolder = Annotated[Path, option("DIR", "Where received CDRs are kept.")]


def database_option(variable: str) -> Any:
    """The option --database-url, which that variable of the environment gives too."""
    text = "A PostgreSQL database. Default: SQLite in the data folder."
    return option("URL", text, envvar=variable, show_default=False)


DatabaseUrl = Annotated[str | None, database_option("WATTSEAL_CDR_DATABASE_URL")]
DATA_FOLDER = Path("cdr-data")


@contextmanager
def cdr_database(data: Path, database_url: str | None) -> Iterator[Database]:
    """The database of received CDRs, closed afterwards.

    ToolError `extra_missing`, `receiver_data_unusable`.
    """
    check_installed("registry", RECEIVER_PACKAGES)
    from wattseal.cdr.exchange.inbox import open_database
    from wattseal.common.sql import DatabaseUnusable

    database = open_database(data, database_url)
    try:
        yield database
    except DatabaseUnusable as error:
        cause = error.cause
        raise ToolError("receiver_data_unusable", path=str(data), cause=cause) from None
    finally:
        database.close()
