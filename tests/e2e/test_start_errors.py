"""What keeps a command from starting is told in one line, with the setting to mend, and never a traceback."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.bench.processes import free_port
from tests.running.gateway import Gateway, environment

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "tollwayd"]
CANARY = "canary-of-a-secret"


@pytest.fixture
def taken():
    """An address that another program listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def told(status: int, *words: str, settings: dict[str, str] | None = None) -> str:
    """The one line that the command says before it ends with this status."""
    run = subprocess.run(
        [*COMMAND, *words], env=settings or environment(), capture_output=True, text=True, timeout=60, check=False
    )
    # gRPC says so itself, too, where it cannot listen.
    lines = [line for line in run.stderr.splitlines() if "add_port.cc" not in line]
    assert len(lines) == 1, run.stderr
    assert run.returncode == status, run.stderr
    assert CANARY not in run.stderr
    assert lines[0].startswith("tollway: ")
    return lines[0]


def served(folder: Path, status: int, **settings: str | None) -> str:
    return told(status, "serve", settings=Gateway(folder, **settings)._environment())


@pytest.mark.parametrize("listener", ["admin_http", "proxy_grpc", "metrics_http"])
def test_a_port_that_is_taken(tmp_path, taken, listener):
    said = served(tmp_path, 1, **{listener: taken})
    assert said == (
        f"tollway: TOLLWAY_{listener.upper()}: {taken} is taken by another program; stop it, or set another address."
    )


@pytest.mark.parametrize(("address", "said"), [("192.0.2.1:80", "not an address"), ("a.invalid:1", "not known")])
def test_an_address_that_cannot_be_had(tmp_path, address, said):
    assert said in served(tmp_path, 1, admin_http=address)


@pytest.mark.parametrize("path", ["file", "file/below"])
def test_a_data_folder_that_is_none(tmp_path, path):
    (tmp_path / "file").touch()
    said = served(tmp_path / path, 1)
    assert said.startswith(f"tollway: TOLLWAY_DATA_DIR: {tmp_path / path}")
    assert "folder" in said


@pytest.mark.parametrize("keys", [CANARY, f"id:{CANARY}", "id:Y2FuYXJ5"])
def test_master_keys_of_the_wrong_form(tmp_path, keys):
    assert served(tmp_path, 2, master_keys=keys).startswith("tollway: TOLLWAY_MASTER_KEYS: master key 1 is ")


def test_master_keys_that_others_can_read(tmp_path):
    (tmp_path / "master.keys").write_text(f"id:{CANARY}")
    (tmp_path / "master.keys").chmod(0o644)
    said = served(tmp_path, 1)
    assert "TOLLWAY_DATA_DIR" in said
    assert "chmod 600" in said


def test_a_file_of_master_keys_that_holds_none(tmp_path):
    (tmp_path / "master.keys").write_text(f"id:{CANARY}")
    (tmp_path / "master.keys").chmod(0o600)
    assert f"{tmp_path}/master.keys: master key 1 is not base64" in served(tmp_path, 2)


def test_a_redis_that_does_not_answer(tmp_path):
    port = free_port()
    said = served(tmp_path, 1, redis_url=f"redis://user:{CANARY}@127.0.0.1:{port}/0")
    assert said.startswith(f"tollway: TOLLWAY_REDIS_URL: the Redis at 127.0.0.1:{port} does not answer; ")


@pytest.mark.parametrize("url", [f"http://:{CANARY}@db", f"redis://:{CANARY}@db:port", CANARY])
def test_a_redis_url_that_is_none(tmp_path, url):
    assert "TOLLWAY_REDIS_URL: a Redis is written redis://" in served(tmp_path, 2, redis_url=url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"redis+sentinel://:{CANARY}@db", "Sentinel's URL ends with the name of the service"),
        (f"redis+cluster://:{CANARY}@db/1", "a cluster has no database but 0"),
    ],
)
def test_a_url_of_several_servers_that_lacks_something(tmp_path, url, said):
    assert f"TOLLWAY_REDIS_URL: {said}" in served(tmp_path, 2, redis_url=url)


def test_sentinels_that_do_not_answer(tmp_path):
    port = free_port()
    said = served(tmp_path, 1, redis_url=f"redis+sentinel://user:{CANARY}@127.0.0.1:{port}/main")
    assert said.startswith(f"tollway: TOLLWAY_REDIS_URL: the Redis at 127.0.0.1:{port}/main does not answer; ")


def test_an_embedded_redis_that_cannot_start(tmp_path):
    # Folders where the server's files have to be, of either version.
    (tmp_path / "redis/appendonlydir/appendonly.aof.manifest").mkdir(parents=True)
    (tmp_path / "redis/appendonly.aof").mkdir()
    assert "TOLLWAY_DATA_DIR: the embedded Redis does not start; see " in served(tmp_path, 1)


def test_embedded_data_that_are_newer_than_the_server(tmp_path):
    (tmp_path / "redis/appendonlydir").mkdir(parents=True)
    settings = Gateway(tmp_path)._environment() | {"PATH": ""}  # The wheel's server, of Redis 6, is left.
    assert "TOLLWAY_DATA_DIR: the data were written by Redis 7" in told(1, "serve", settings=settings)


def test_several_wrong_settings_at_once(tmp_path):
    said = served(tmp_path, 2, proxy_http="8081", max_body_bytes="much")
    assert "TOLLWAY_PROXY_HTTP: an address is written host:port" in said
    assert "TOLLWAY_MAX_BODY_BYTES: it has to be a whole number from 1024 to 1073741824" in said


@pytest.mark.parametrize("address", ["9099x", "9099", "127.0.0.1:99999"])
def test_a_mock_told_to_listen_nowhere(address):
    assert "--listen: an address is written host:port" in told(2, "mock", "--listen", address)


def test_a_mock_told_to_listen_at_a_port_that_is_taken(taken):
    assert f"--listen: {taken} is taken by another program" in told(1, "mock", "--listen", taken)


@pytest.mark.parametrize("script", ["rules: [{answr: 1}]", "rules: [", None])
def test_a_script_that_cannot_be_used(tmp_path, script):
    path = tmp_path / "script.yaml"
    if script:
        path.write_text(script)
    assert f"--script: {path}: " in told(2, "mock", "--script", str(path))


@pytest.mark.parametrize("after", [0.2, 0.4, 0.6, 0.8, 1.0])
def test_ctrl_c_while_it_starts(tmp_path, after):
    with subprocess.Popen(
        [*COMMAND, "serve"], env=Gateway(tmp_path)._environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        time.sleep(after)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode in {0, 128 + signal.SIGINT}
    assert b"Traceback" not in said


def test_ctrl_c_while_redis_is_waited_for(tmp_path):
    settings = Gateway(tmp_path, redis_url=f"redis://127.0.0.1:{free_port()}")._environment()
    with subprocess.Popen([*COMMAND, "serve"], env=settings, stderr=subprocess.PIPE) as process:
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (128 + signal.SIGINT, b"")
