"""The `tollway` command."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import uvloop

from tollwayd import listeners
from tollwayd.app import App
from tollwayd.demo import Demo
from tollwayd.mock import serve as serve_mock
from tollwayd.settings import Settings, load_settings
from tollwayd.telemetry.logs import configure_logs

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from tollwayd.telemetry.logs import WriteLine

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="An AI gateway: one metered, guarded road between an organisation's programs and the AI providers they call.",
)


def main() -> None:
    """The entry point of the `tollway` command."""
    cli()


@cli.command()
def serve() -> None:
    """Serves the Admin and Proxy APIs until Ctrl-C. Settings: TOLLWAY_* over tollway.yaml over defaults."""
    settings = _settings()
    app = App(settings, _log(settings.log_format, settings.log_level))
    _run(_stopped_by_signals(app, app.run(_announce)))


@cli.command()
def demo() -> None:
    """Serves with a scripted provider and a demo tenant, and prints lines to paste."""
    settings = _settings(demo=True)
    log_format = "text" if sys.stderr.isatty() else settings.log_format
    app = App(settings, _log(log_format, settings.log_level))
    _run(_stopped_by_signals(app, Demo(app).run(_announce)))


@cli.command()
def mock(
    script: Annotated[Path | None, typer.Option(help="What to answer, in YAML or JSON; see docs/mock.md.")] = None,
    listen: Annotated[str, typer.Option(help="host:port; port 0 takes a free one.")] = "127.0.0.1:9099",
) -> None:
    """Serves a scripted provider that speaks the dialects of OpenAI, Anthropic and Gemini."""
    _log("text", "info")
    host, _, port = listen.rpartition(":")
    _run(serve_mock(host, int(port), script))


def _settings(*, demo: bool = False) -> Settings:
    try:
        return Demo.settings() if demo else load_settings()
    except ValueError as error:
        typer.echo(f"tollway: the settings are wrong: {error}", err=True)
        raise typer.Exit(2) from None


def _log(log_format: str, level: str) -> WriteLine | None:
    return configure_logs(text=log_format == "text", level=level)


def _run(work: Coroutine[Any, Any, None]) -> None:
    uvloop.run(work)


async def _stopped_by_signals(app: App, work: Coroutine[Any, Any, None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, app.stop)
    await work


async def _announce(app: App) -> None:
    for name, address in listeners.as_text(app.addresses).items():
        typer.echo(f"{name.replace('_', ' '):13} {address}")
    if app.admin_key_is_new:
        typer.echo(f"\nThe root credential, shown this once: {app.admin_key}")
    typer.echo("ready")
