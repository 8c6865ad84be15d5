"""The `tollway` command: its help, its mistakes, and the scripted provider on its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.metadata import version
from urllib.request import urlopen

import pytest

from tests.bench.processes import free_port, wait_for
from tests.running.gateway import ROOT

COMMAND = [sys.executable, "-m", "tollwayd"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'server'}:{ROOT / 'gen' / 'python'}"}


def tollway(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=30, check=False
    )


def test_help_tells_every_command():
    run = tollway("--help")
    assert run.returncode == 0
    assert all(f"    {command} " in run.stdout for command in ("serve", "demo", "mock"))


def test_help_of_a_command_tells_its_options_and_what_they_are_without():
    run = tollway("mock", "--help")
    assert run.returncode == 0
    assert "--script" in run.stdout
    assert "127.0.0.1:9099" in run.stdout


@pytest.mark.parametrize(("given", "used"), [({}, "-event_engine_listener"), ({"GRPC_EXPERIMENTS": "x"}, "x")])
def test_grpc_is_told_who_reads_connections_unless_the_environment_does(given, used):
    script = (
        "import atexit, os; atexit.register(lambda: print(os.environ['GRPC_EXPERIMENTS'])); "
        "from tollwayd.cli import main; main(['--version'])"
    )
    inherited = {name: value for name, value in ENVIRONMENT.items() if name != "GRPC_EXPERIMENTS"}
    run = subprocess.run(
        [sys.executable, "-c", script], env=inherited | given, capture_output=True, text=True, timeout=30, check=True
    )
    assert run.stdout.splitlines()[-1] == used


@pytest.mark.parametrize("arguments", [(), ("serv",), ("serve", "--port", "1"), ("mock", "script.yaml")])
def test_a_mistake_is_told_with_status_2(arguments):
    run = tollway(*arguments)
    assert run.returncode == 2
    assert "usage: tollway" in run.stderr


def test_the_scripted_provider_serves_until_ctrl_c():
    port = free_port()
    command = [*COMMAND, "mock", "--listen", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True) as process:
        wait_for(port, process)
        with urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=10) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in said


def test_the_version_is_told():
    run = tollway("--version")
    assert (run.returncode, run.stdout) == (0, f"tollway {version('tollway')}\n")


def test_a_defect_of_ours_shows_its_traceback():
    program = "from tollwayd import cli, settings; settings.load_settings = lambda: 1 / 0; cli.main(['serve'])"
    run = subprocess.run(
        [sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, timeout=30, check=False
    )
    assert run.returncode == 1
    assert "Traceback" in run.stderr
    assert "ZeroDivisionError" in run.stderr
