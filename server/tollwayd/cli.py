"""The `tollway` command.

Each subcommand imports what it runs: a gateway would else hold the scripted provider and the demo too, 1.5 MB, and a
scripted provider a whole gateway, 60 MB.
"""

from __future__ import annotations

import os
import signal
import sys
from argparse import Action, ArgumentParser, ArgumentTypeError, Namespace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import tollwayd
from tollwayd.start_error import MISTAKE, StartError
from tollwayd.translator.limits import MAX_BODY_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from tollwayd.app import App
    from tollwayd.listeners import Addresses
    from tollwayd.telemetry.logs import WriteLine
    from tollwayd.workers.supervisor import Supervisor

    class Process(Protocol):
        """What serves until it is stopped."""

        @property
        def serving(self) -> bool: ...

        @property
        def addresses(self) -> Addresses: ...

        def stop(self) -> None: ...


MOCK_LISTENS = "127.0.0.1:9099"
"""Where the scripted provider listens unless it is told otherwise."""

TRANSLATOR_LISTENS = "127.0.0.1:8081"
"""Where the translator alone listens unless it is told otherwise."""


def main(words: Sequence[str] | None = None) -> None:
    """The entry point of the `tollway` command; `words` are what follows its name, those of the process if None."""
    # gRPC would prepare every fork for a child that goes on with its connections, and say so on standard error where it
    # cannot. Our only children run another program at once: the embedded Redis. gRPC reads this when it is imported.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    # The thread that hands calls over reads their connections itself, in place of five that wake each other: a governed
    # call over gRPC takes 0.9 of the processor time.
    os.environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_listener")
    arguments = _parser().parse_args(words)
    signal.signal(signal.SIGINT, _leave)
    try:
        arguments.run(arguments)
    except StartError as error:
        if str(error):
            print(f"tollway: {error}", file=sys.stderr)
        sys.exit(error.status)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _leave(number: int, _: object) -> NoReturn:
    # While modules are loaded: nothing runs yet that has to be closed, and an exception would come out of any of them.
    os._exit(128 + number)


class _Version(Action):
    def __call__(self, *_: object) -> NoReturn:
        from importlib.metadata import version

        print(f"tollway {version('tollway')}")
        sys.exit()


def _parser() -> ArgumentParser:
    parser = ArgumentParser("tollway", description=tollwayd.__doc__)
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and leave")
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")
    serving = _add(commands, serve)
    serving.add_argument(
        "--workers",
        metavar="N",
        help="processes that share the ports, one for each core to use (TOLLWAY_WORKERS, or 1)",
    )
    _add_translator(serving)
    commands.add_parser(worker.__name__).set_defaults(run=worker)  # Not shown: it is for `serve` to run.
    _add(commands, demo)
    scripted = _add(commands, mock)
    scripted.add_argument("--script", type=Path, help="what to answer, in YAML or JSON; see docs/mock.md")
    scripted.add_argument(
        "--listen", default=MOCK_LISTENS, help="host:port; port 0 takes a free one (default: %(default)s)"
    )
    _bench_options(_add(commands, bench).add_argument)
    return parser


def _add(commands: Any, run: Callable[[Namespace], None]) -> ArgumentParser:
    parser: ArgumentParser = commands.add_parser(run.__name__, help=run.__doc__, description=run.__doc__)
    parser.set_defaults(run=run)
    return parser


def _add_translator(parser: ArgumentParser) -> None:
    alone = _add(parser.add_subparsers(title="a part of it alone", metavar="[part]"), translator)
    options = alone.add_argument
    options("--descriptors", type=Path, required=True, metavar="FILE", help="a FileDescriptorSet with all imports")
    options("--upstream", required=True, metavar="HOST:PORT", help="the gRPC server; https:// before it for TLS")
    options("--listen", default=TRANSLATOR_LISTENS, metavar="HOST:PORT", help="port 0 takes a free one (%(default)s)")
    options("--service", action="append", default=[], metavar="NAME", help="serve this one only; may be repeated")
    options("--ca", type=Path, metavar="FILE", help="authorities to trust over TLS, in PEM form (the system's)")
    options("--unknown-fields", choices=("refuse", "ignore"), default="refuse", help="(%(default)s)")
    options("--print-unset", action="store_true", help="print fields that are not set, as zero values")
    options("--like-grpc-gateway", action="store_true", help="metadata under Grpc-Metadata-, trailers to every client")
    options("--cors-origin", action="append", default=[], metavar="URL", help="let its pages call; may be repeated")
    options("--max-body-bytes", type=_count, default=MAX_BODY_BYTES, metavar="N", help="(%(default)s)")
    options("--drain-seconds", type=_seconds, default=10.0, metavar="S", help="how long calls may end (%(default)s)")


def _bench_options(options: Callable[..., object]) -> None:
    options("--url", help="a gateway that runs, such as http://127.0.0.1:8081; without it one is started, and stopped")
    options("--key", default="", help="an API key of it, whose limits let all calls through")
    options("--model", default="", help="a model that the key may use; its provider is asked in earnest")
    options("--connections", type=_count_of(1, 10_000), default=32, metavar="N", help="(%(default)s)")
    options("--streams", type=_count_of(0, 10_000), default=50, metavar="N", help="at once; 0 for none (%(default)s)")
    options("--seconds", type=_measured_seconds, default=2.0, metavar="S", help="of each measure (%(default)s)")
    options("--output", type=Path, metavar="FILE", help="where the figures go as JSON, too")


def _count_of(least: int, most: int) -> Callable[[str], int]:
    return lambda text: int(_between(text, least, most))


def _count(text: str) -> int:
    return int(_between(text, 1024, 1024**3))


def _measured_seconds(text: str) -> float:
    return _between(text, 0.5, 60)


def _seconds(text: str) -> float:
    return _between(text, 0, 3600)


def _between(text: str, least: float, most: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not least <= number <= most:
        raise ArgumentTypeError(f"it has to be a number from {least} to {most}")
    return number


def serve(arguments: Namespace) -> None:
    """Serves the Admin and Proxy APIs until Ctrl-C. Settings: TOLLWAY_* over tollway.yaml over defaults."""
    from tollwayd.settings import load_settings

    settings = load_settings(**{"workers": arguments.workers} if arguments.workers is not None else {})
    if settings.workers > 1:
        from tollwayd.workers.supervisor import Supervisor

        _log(settings.log_format, settings.log_level, shared=True)
        supervisor = Supervisor(settings)
        _run(_until_stopped(supervisor, supervisor.run(_announce_app)))
        return
    from tollwayd.app import App

    app = App(settings, _log(settings.log_format, settings.log_level))
    _run(_until_stopped(app, app.run(_announce_app)))


def worker(_: Namespace) -> None:
    """One of the processes of `serve --workers`."""
    from tollwayd.settings import load_settings
    from tollwayd.workers.worker import Worker

    settings = load_settings()
    process = Worker(settings, _log(settings.log_format, settings.log_level, shared=True))
    _run(_until_stopped(process, process.run()))


def translator(arguments: Namespace) -> None:
    """Serves the REST translator alone in front of any gRPC server."""
    if arguments.workers is not None:
        raise StartError("--workers: the translator alone is one process.", status=MISTAKE)
    from tollwayd.standalone import Options, Standalone

    options = Options(
        descriptors=arguments.descriptors,
        upstream=arguments.upstream,
        listen=arguments.listen,
        services=arguments.service,
        ca=arguments.ca,
        ignore_unknown_fields=arguments.unknown_fields == "ignore",
        print_unset=arguments.print_unset,
        like_grpc_gateway=arguments.like_grpc_gateway,
        cors_origins=arguments.cors_origin,
        max_body_bytes=arguments.max_body_bytes,
        drain_seconds=arguments.drain_seconds,
    )
    process = Standalone(options, _log("text" if sys.stderr.isatty() else "json", "info"))
    _run(_until_stopped(process, process.run(_announce)))


def demo(_: Namespace) -> None:
    """Serves with a scripted provider and a demo tenant, and prints lines to paste."""
    from tollwayd.app import App
    from tollwayd.demo import Demo

    settings = Demo.settings()
    log_format = "text" if sys.stderr.isatty() else settings.log_format
    app = App(settings, _log(log_format, settings.log_level))
    _run(_until_stopped(app, Demo(app).run(_announce_app)))


def mock(arguments: Namespace) -> None:
    """Serves a scripted provider that speaks the dialects of OpenAI, Anthropic and Gemini."""
    from tollwayd import listeners
    from tollwayd.mock import ScriptError
    from tollwayd.mock import serve as serve_mock

    _log("text", "info")
    try:
        address = listeners.parse(arguments.listen)
    except ValueError as error:
        raise StartError(f"--listen: {error}", status=MISTAKE) from None
    try:
        _run(serve_mock(*address, arguments.script))
    except ScriptError as error:
        raise StartError(f"--script: {_one_line(error)}", status=MISTAKE) from None
    except OSError as error:
        raise StartError(f"--listen: {listeners.refusal(address, error)}") from None


def bench(arguments: Namespace) -> None:
    """Measures a gateway: what it adds to a call, and the most that it takes."""
    from tollwayd.bench.command import Options, measure
    from tollwayd.bench.gateway import BenchmarkError
    from tollwayd.bench.measures import Asked

    running = Asked(arguments.url, arguments.key, arguments.model) if arguments.url else None
    options = Options(running, arguments.connections, arguments.streams, arguments.seconds, arguments.output)
    try:
        _run(measure(options, partial(print, flush=True)))
    except BenchmarkError as error:
        raise StartError(str(error)) from None
    except ValueError as error:
        raise StartError(f"--url: {error}", status=MISTAKE) from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _log(log_format: str, level: str, *, shared: bool = False) -> WriteLine | None:
    from tollwayd.telemetry.logs import configure_logs

    return configure_logs(text=log_format == "text", level=level, shared=shared)


def _run(work: Coroutine[Any, Any, int | None]) -> None:
    import uvloop

    signal.signal(signal.SIGINT, signal.default_int_handler)
    status = uvloop.run(work)
    if status:
        sys.exit(status)


async def _until_stopped(process: Process, work: Coroutine[Any, Any, None]) -> int:
    """The exit status. The first signal asks to drain; one at the start, or a second one, ends all at once."""
    import asyncio

    task = asyncio.ensure_future(work)
    received: list[int] = []

    def on_signal(number: int) -> None:
        if received or not process.serving:
            task.cancel()
        received.append(number)
        process.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, on_signal, number)
    try:
        await task
    except asyncio.CancelledError:
        return 128 + received[-1]
    return 0


async def _announce_app(app: App | Supervisor) -> None:
    _print_addresses(app)
    if app.admin_key_is_new:
        print(f"\nThe root credential, shown this once: {app.admin_key}")
    print("ready", flush=True)


async def _announce(process: Process) -> None:
    _print_addresses(process)
    print("ready", flush=True)


def _print_addresses(process: Process) -> None:
    from tollwayd import listeners

    for name, address in listeners.as_text(process.addresses).items():
        print(f"{name.replace('_', ' '):13} {address}")
