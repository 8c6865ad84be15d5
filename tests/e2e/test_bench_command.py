"""`tollway bench`, as somebody runs it who has installed the gateway and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from asyncio import to_thread

import pytest

from tests.running.gateway import Gateway, environment

FIGURES = {"p50_ms", "p99_ms", "c4_rps", "c4_p99_ms", "frontier_rps", "failed"}
QUICKLY = ("--seconds", "0.5", "--connections", "4")


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tollwayd", "bench", *QUICKLY, *words]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=120, check=False)


def test_a_gateway_of_its_own_is_measured_in_all_variants_beside_its_provider(tmp_path):
    output = tmp_path / "figures.json"
    ran = bench("--streams", "4", "--output", str(output))
    assert ran.returncode == 0, ran.stderr
    figures = json.loads(output.read_text())
    assert list(figures) == ["direct", "key", "strict", "leased"]
    for each in figures.values():
        assert each.keys() >= FIGURES
        assert each["failed"] == each["s4_failed"] == 0
        assert each["c4_rps"] > 0
        assert 0 < each["s4_token_p50_ms"] <= each["s4_token_p99_ms"]
        assert each["added_p50_ms"] == pytest.approx(each["p50_ms"] - figures["direct"]["p50_ms"])
    assert figures["key"]["added_p50_ms"] > 0
    assert "c4_rps" in ran.stdout


@pytest.fixture
def running(tmp_path, provider):
    with Gateway(tmp_path / "data") as gateway:
        tenant = gateway.admin().tenant(openai=provider.url)
        tenant.model("gpt", {"provider": "openai", "model": "gpt-upstream"})
        yield gateway.url("proxy_http"), tenant.key()


async def test_a_gateway_that_runs_is_measured_by_its_own_models(running, tmp_path):
    url, key = running
    output = tmp_path / "figures.json"
    # The provider is in this process, which therefore must not wait for the other one by itself.
    words = ("--url", url, "--key", key, "--model", "gpt", "--seconds", "2", "--streams", "0", "--output", str(output))
    ran = await to_thread(bench, *words)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(output.read_text())["gateway"].keys() == FIGURES


async def test_one_that_refuses_the_key_gives_no_figures(running):
    url, _ = running
    ran = await to_thread(bench, "--url", url, "--key", "tw_wrong", "--model", "gpt")
    assert ran.returncode == 1
    assert "are the URL, the key and the model right?" in ran.stderr


def test_a_url_that_is_none_is_a_mistake_of_the_command():
    ran = bench("--url", "127.0.0.1:8081")
    assert ran.returncode == 2
    assert ran.stderr == "tollway: --url: it has to be a URL that begins with http:// or https://\n"
