"""Every command in README.md and docs/*.md does what the text says. One that nothing here knows is a failure.

Blocks to be pasted are pasted, in a folder that has `.venv` as a checkout has it. What installs, or takes long, is run
in a form that tells only whether it would.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.request import Request

import pytest

from tests.documents import DOCUMENTS, blocks, pasteable, spans
from tests.running.gateway import ADMIN_KEY, ROOT, Gateway, environment, send
from tollwayd import cli

if TYPE_CHECKING:
    from pathlib import Path


def command_block(document: str, beginning: str) -> str:
    """The one block of commands that begins so."""
    (found,) = [block.text for block in blocks(document, "sh") if block.text.startswith(beginning)]
    return found


SERVE = command_block("README.md", ".venv/bin/tollway serve\n")
SET_UP = command_block("README.md", "TOLLWAY_ADMIN_KEY=")
LIST_MODELS = command_block("README.md", "curl")
ECHO = command_block("docs/mock.md", ".venv/bin/tollway mock\n")
BY_SCRIPT = command_block("docs/mock.md", ".venv/bin/tollway mock --script")
CALL = command_block("docs/mock.md", "curl")
SERVE_FOR_MOCK = command_block("docs/mock.md", "TOLLWAY_EGRESS_ALLOW=")
TRIAL = command_block("docs/mock.md", "TOLLWAY_ADMIN_KEY=")
# tests/e2e/translator/test_docs.py pastes these.
TRANSLATOR = tuple(
    command_block("docs/translator.md", program) for program in (".venv/bin/python", ".venv/bin/tollway", "curl")
)
BY_CONNECT = command_block("docs/protocols.md", "curl")
BY_GRPC_WEB = command_block("docs/protocols.md", ".venv/bin/buf curl")
STREAM = command_block("docs/streaming.md", "curl")
SERVE_WITH_WORKERS = command_block("docs/workers.md", ".venv/bin/tollway serve")
# tests/e2e/usage/test_docs.py pastes the first of these, tests/e2e/test_billing_docs.py the second.
USAGE = tuple(block.text for block in blocks("docs/usage.md", "sh"))
BILLING = tuple(block.text for block in blocks("docs/billing.md", "sh"))
POLICIES = command_block("docs/policies.md", "TOLLWAY_ADMIN_KEY=")
CHANGES = command_block("docs/policies.md", "policies=")
TEAMS = command_block("docs/policies.md", "admin ")
BOOKS = (*USAGE, *BILLING, POLICIES, CHANGES, TEAMS, SERVE_FOR_MOCK, TRIAL)
PASTED = (
    SERVE,
    SET_UP,
    LIST_MODELS,
    ECHO,
    BY_SCRIPT,
    CALL,
    BY_CONNECT,
    BY_GRPC_WEB,
    STREAM,
    SERVE_WITH_WORKERS,
    *TRANSLATOR,
    *BOOKS,
)
LINE_BY_LINE = (
    command_block("README.md", "make run\n"),
    command_block("README.md", "make test\n"),
    command_block("docs/development.md", "make run"),
)

# What a make that runs this test tells those that it starts.
TOLD_BY_MAKE = [f"--unset={name}" for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "ARGS")]

# What is fenced and no command, and what proves it.
OTHERS = {
    ("README.md", "text"): "tests/e2e/test_demo.py",
    ("README.md", "mermaid"): "a drawing",
    ("docs/protocols.md", "js"): "tests/clients/test_document.py",
    ("docs/mock.md", "yaml"): "tests/e2e/mock/test_docs.py",
    ("docs/mock.md", "python"): "tests/e2e/mock/test_docs.py",
    ("docs/mock.md", "text"): "tests/e2e/mock/test_docs.py",
    ("docs/redis.md", "text"): "tests/contract/test_redis_user.py",
    ("docs/streaming.md", "js"): "tests/e2e/test_websocket.py",
    ("docs/translator.md", "proto"): "tests/e2e/translator/test_docs.py",
    ("docs/translator.md", "json"): "tests/e2e/translator/test_docs.py",
    ("docs/usage.md", "json"): "tests/e2e/usage/test_docs.py",
}


def test_every_fenced_block_is_one_that_a_test_knows():
    found = [block for document in DOCUMENTS for block in blocks(document)]
    commands = {block.text for block in found if block.language == "sh"}
    assert commands == {*PASTED, *LINE_BY_LINE}
    assert {(block.document, block.language) for block in found if block.language != "sh"} == OTHERS.keys()


def ran(*command: str, folder: Path = ROOT) -> str:
    """What a command prints that ends well."""
    run = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def paste(text: str, folder: Path) -> str:
    """What a shell prints that the text is pasted into."""
    return ran("bash", "-euo", "pipefail", "-c", text, folder=folder)


@pytest.fixture
def folder(tmp_path):
    """A folder that commands of a checkout work in."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


def test_a_gateway_of_workers_is_served(tmp_path):
    _, command = SERVE_WITH_WORKERS.strip().split(maxsplit=1)
    with Gateway(tmp_path, command=command) as gateway:
        _, metrics = send(Request(gateway.url("metrics_http") + "/metrics"))
    assert b"\ntollway_workers 2.0\n" in metrics


def test_the_readmes_lines_set_up_a_gateway_whose_key_works(folder):
    _, command = shlex.split(SERVE)
    with Gateway(folder / ".tollway", command=command, admin_key=None) as gateway:
        admin, proxy = gateway.addresses["admin_http"], gateway.addresses["proxy_http"]
        answers = paste("OPENAI_API_KEY=sk-of-an-account\n" + pasteable(SET_UP, {"127.0.0.1:8080": admin}), folder)
        *made, key = [json.loads(line) for line in answers.splitlines()]
        assert [each["name"] for each in made] == [
            "tenants/acme",
            "tenants/acme/providers/openai",
            "tenants/acme/models/gpt",
        ]
        assert key["secret"].startswith("tw_")
        listed = paste(pasteable(LIST_MODELS, {"127.0.0.1:8081": proxy, "tw_…": key["secret"]}), folder)
        assert [model["id"] for model in json.loads(listed)["data"]] == ["gpt-4.1"]


def test_the_policies_are_taken_and_hold_for_the_call_that_is_tried(folder):
    _, command = shlex.split(SERVE)
    with Gateway(folder / ".tollway", command=command, admin_key=None) as gateway:
        places = {"127.0.0.1:8080": gateway.addresses["admin_http"]}
        paste("OPENAI_API_KEY=sk-of-an-account\n" + pasteable(SET_UP, places), folder)
        pasted = paste(pasteable(POLICIES + "echo\n" + CHANGES + TEAMS, places), folder)
        said = [json.loads(line) for line in pasted.splitlines() if line]
    *made, told, counts = said[:8]
    rpm, enforced, access, deleted, *keys, team, app = said[8:]
    assert (rpm["rateLimit"]["limit"], rpm["rateLimit"]["window"], deleted) == ("900", "60s", {})
    assert (enforced["mode"], access["access"]["allowedTimes"]) == ("ENFORCE", [])
    assert [key["tags"]["team"] for key in keys] == ["search", "support"]
    assert (team["subject"]["keyGroup"], app["groups"]) == ("*", ["search"])
    assert [each["name"].removeprefix("tenants/acme/") for each in made] == [
        *(f"policies/{policy}" for policy in ("rpm", "monthly", "parallel", "users", "access")),
        "tiers/gold",
    ]
    assert counts == {"counts": [], "partial": False}
    assert told["admitted"]
    assert {verdict["policy"] for verdict in told["verdicts"]} == {"rpm", "monthly", "parallel", "users", "access"}


@contextmanager
def mock(command: str, folder: Path):
    """The address of the mock that the command starts."""
    process = subprocess.Popen(
        ["bash", "-c", f"exec {command}"], cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True
    )
    try:
        said = (re.search("listens at http://([0-9.:]+)", line) for line in process.stderr)
        yield next(found[1] for found in said if found)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        process.stderr.close()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        pytest.param(f"{ECHO.strip()} --listen 127.0.0.1:0", "Hello!", id="echo"),
        pytest.param(pasteable(BY_SCRIPT, {"127.0.0.1:9099": "127.0.0.1:0"}), "By script.", id="script"),
    ],
)
def test_the_mock_answers_the_call_beside_it(folder, command, said):
    (folder / "script.yaml").write_text("rules: [{answer: {text: By script.}}]")
    with mock(command, folder) as address:
        answer = json.loads(paste(pasteable(CALL, {"127.0.0.1:9099": address}), folder))
    assert answer["choices"][0]["message"]["content"] == said


def test_limits_and_costs_are_tried_without_an_account(folder):
    setting, _, command = shlex.split(SERVE_FOR_MOCK)
    name, allowed = setting.split("=")
    assert name == "TOLLWAY_EGRESS_ALLOW"
    with (
        mock(f"{ECHO.strip()} --listen 127.0.0.1:0", folder) as provider,
        Gateway(folder / ".tollway", command=command, admin_key=None, egress_allow=allowed) as gateway,
    ):
        admin, proxy = gateway.addresses["admin_http"], gateway.addresses["proxy_http"]
        said = paste(
            pasteable(TRIAL, {"127.0.0.1:9099": provider, "127.0.0.1:8080": admin, "127.0.0.1:8081": proxy}), folder
        )
    assert re.findall("^HTTP/1.1 ([0-9]+)", said, re.MULTILINE) == ["200", "200", "429"], said
    assert len(re.findall(r"^x-tollway-cost: 0\.[0-9]+", said, re.MULTILINE | re.IGNORECASE)) == 2
    (row,) = json.loads(said[said.rindex('{"rows"') :])["rows"]
    assert (row["calls"], row["unpricedCalls"]) == ("2", "0")
    assert row["cost"]["nanos"] > 0


def test_the_mock_listens_where_the_call_goes():
    assert cli.MOCK_LISTENS in CALL


def test_the_admin_port_speaks_connect_and_grpc_web(folder):
    with Gateway(folder / ".tollway") as gateway:
        tenant = gateway.admin().tenant()
        address = gateway.addresses["admin_http"]
        for command in (BY_CONNECT, BY_GRPC_WEB):
            line = pasteable(command, {"127.0.0.1:8080": address})
            answer = json.loads(paste(f"TOLLWAY_ADMIN_KEY={ADMIN_KEY}\n{line}", ROOT))
            assert [each["name"] for each in answer["tenants"]] == [tenant.name]


def test_a_stream_comes_as_events(gateway, provider_in_thread, folder):
    tenant = gateway.admin().tenant(openai=provider_in_thread)
    tenant.model("gpt-4.1", {"provider": "openai", "model": "gpt-upstream"})
    line = pasteable(STREAM, {"127.0.0.1:8081": gateway.addresses["proxy_http"], "tw_…": tenant.key()})
    events = [json.loads(each.removeprefix("data: ")) for each in paste(line, folder).split("\n\n") if each]
    assert "".join(each.get("partDelta", {}).get("text", "") for each in events) == "Hello!"


def make(*words: str) -> str:
    """What make prints."""
    return ran("env", *TOLD_BY_MAKE, "make", *words)


def would_make(*words: str) -> None:
    """Would do so, and `make help` tells of it."""
    make("--dry-run", *words)
    told = re.findall(r"^  ([a-z-]+) ", make("help"), re.MULTILINE)
    assert {word for word in words if "=" not in word} <= set(told)


def would_test(*words: str) -> None:
    ran(sys.executable, "-m", "pytest", "--collect-only", *words)


def would_check(*words: str) -> None:
    assert not words
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    ran("bash", "-n", ".ci/run")


def would_serve(*command: str) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([*command, "--help"])
    assert ended.value.code == 0


def would_import(option: str, module: str) -> None:
    assert option == "-m"
    assert importlib.util.find_spec(module)


def would_compile(*words: str) -> None:
    protos = [str(path.relative_to(ROOT)) for path in (ROOT / "proto" / "tollway").rglob("*.proto")]
    ran(sys.executable, "-m", "grpc_tools.protoc", *words, f"--descriptor_set_out={os.devnull}", *protos)


PROGRAMS = {
    "make": would_make,
    ".ci/run": would_check,
    ".venv/bin/pytest": would_test,
    "tollway": would_serve,
    "python": would_import,
    "protoc": would_compile,
}
LINES = {line.partition("#")[0].strip() for block in LINE_BY_LINE for line in block.splitlines()}
SPANS = {
    span
    for document in DOCUMENTS
    for span in spans(document)
    if re.match(r"(make|tollway|python|protoc|curl|pip|docker)\s|\.ci/|\.venv/", span)
}


@pytest.mark.parametrize("command", sorted(LINES | SPANS))
def test_a_command_would_run(command):
    program, *words = shlex.split(command)
    PROGRAMS[program](*words)


def test_make_does_what_the_texts_say_of_it():
    assert ".venv/bin/tollway demo" in make("--dry-run", "run"), "test_demo.py runs this"
    said = ".venv/bin/pytest tests/unit -k chain"
    assert said in SPANS
    assert said in make("--dry-run", "test", "ARGS=tests/unit -k chain").splitlines()


def test_the_table_of_checks_names_them_all():
    named = {span for span in spans("docs/development.md") if re.fullmatch("(check|fix)-[a-z]+", span)}
    make("--dry-run", *named)
    rule = re.search(r"^check: (.+?) ##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {name for name in named if name.startswith("check-")} == set(rule[1].split())
