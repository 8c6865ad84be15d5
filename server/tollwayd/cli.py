"""The `tollway` command.

Each subcommand imports what it runs: a gateway would else hold the scripted provider and the demo too, 1.5 MB, and a
scripted provider a whole gateway, 60 MB.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvloop

import tollwayd
from tollwayd import listeners

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from tollwayd.app import App
    from tollwayd.settings import Settings
    from tollwayd.telemetry.logs import WriteLine

MOCK_LISTENS = "127.0.0.1:9099"
"""Where the scripted provider listens unless it is told otherwise."""


def main(words: Sequence[str] | None = None) -> None:
    """The entry point of the `tollway` command; `words` are what follows its name, those of the process if None."""
    # structlog loads rich wherever it is installed: 3 MB for tracebacks that no line of ours shows. None in sys.modules
    # is the import system's word for a module that is not there; nothing above imports structlog.
    sys.modules["rich"] = None  # type: ignore[assignment]
    arguments = _parser().parse_args(words)
    try:
        arguments.run(arguments)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _parser() -> ArgumentParser:
    parser = ArgumentParser("tollway", description=tollwayd.__doc__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")
    _add(commands, serve)
    _add(commands, demo)
    scripted = _add(commands, mock)
    scripted.add_argument("--script", type=Path, help="what to answer, in YAML or JSON; see docs/mock.md")
    scripted.add_argument(
        "--listen", default=MOCK_LISTENS, help="host:port; port 0 takes a free one (default: %(default)s)"
    )
    return parser


def _add(commands: Any, run: Callable[[Namespace], None]) -> ArgumentParser:
    parser: ArgumentParser = commands.add_parser(run.__name__, help=run.__doc__, description=run.__doc__)
    parser.set_defaults(run=run)
    return parser


def serve(_: Namespace) -> None:
    """Serves the Admin and Proxy APIs until Ctrl-C. Settings: TOLLWAY_* over tollway.yaml over defaults."""
    from tollwayd.app import App
    from tollwayd.settings import load_settings

    settings = _settings(load_settings)
    app = App(settings, _log(settings.log_format, settings.log_level))
    uvloop.run(_stopped_by_signals(app, app.run(_announce)))


def demo(_: Namespace) -> None:
    """Serves with a scripted provider and a demo tenant, and prints lines to paste."""
    from tollwayd.app import App
    from tollwayd.demo import Demo

    settings = _settings(Demo.settings)
    log_format = "text" if sys.stderr.isatty() else settings.log_format
    app = App(settings, _log(log_format, settings.log_level))
    uvloop.run(_stopped_by_signals(app, Demo(app).run(_announce)))


def mock(arguments: Namespace) -> None:
    """Serves a scripted provider that speaks the dialects of OpenAI, Anthropic and Gemini."""
    from tollwayd.mock import serve as serve_mock

    _log("text", "info")
    host, _, port = arguments.listen.rpartition(":")
    uvloop.run(serve_mock(host, int(port), arguments.script))


def _settings(load: Callable[[], Settings]) -> Settings:
    try:
        return load()
    except ValueError as error:
        print(f"tollway: the settings are wrong: {error}", file=sys.stderr)
        sys.exit(2)


def _log(log_format: str, level: str) -> WriteLine | None:
    from tollwayd.telemetry.logs import configure_logs

    return configure_logs(text=log_format == "text", level=level)


async def _stopped_by_signals(app: App, work: Coroutine[Any, Any, None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, app.stop)
    await work


async def _announce(app: App) -> None:
    for name, address in listeners.as_text(app.addresses).items():
        print(f"{name.replace('_', ' '):13} {address}")
    if app.admin_key_is_new:
        print(f"\nThe root credential, shown this once: {app.admin_key}")
    print("ready", flush=True)
