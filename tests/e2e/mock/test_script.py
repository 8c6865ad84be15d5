"""Scripts that cannot be used, and what is said of them."""

from __future__ import annotations

import asyncio
import json
import logging
import re

import pytest

from tests.wire.http1 import connect, get
from tollwayd.mock import Answer, Match, MockProvider, Rule, Script, ScriptError, load_script, serve
from tollwayd.mock.script import MAX_SCRIPT_BYTES


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ({"rule": []}, "unknown field `rule`"),
        ({"rules": [{"anwser": {}}]}, "unknown field `anwser` - at `$.rules[0]`"),
        ({"rules": [{"match": {"modell": "x"}}]}, "unknown field `modell` - at `$.rules[0].match`"),
        ({"rules": [{"match": {"dialect": "openai"}}]}, "'openai' - at `$.rules[0].match.dialect`"),
        ({"rules": [{"answer": {"text": 1}}]}, "at `$.rules[0].answer.text`"),
        ({"rules": [{"answer": {"text": "x", "tokens": 1}}]}, "one content"),
        ({"rules": [{"answer": {"body": "x", "finish": "stop"}}]}, "sent as they are"),
        ({"rules": [{"answer": {"recording": "x", "usage": None}}]}, "sent as they are"),
        ({"rules": [{"answer": {"status": 500, "text": "x"}}]}, "says nothing else"),
        ({"rules": [{"answer": {"error": "x", "tool_calls": [{"name": "x"}]}}]}, "says nothing else"),
        ({"rules": [{"answer": {"usage": "none"}}]}, "at `$.rules[0].answer.usage`"),
        ({"rules": [{"answer": {"usage": {"prompt": 1}}}]}, "unknown field `prompt`"),
        ({"rules": [{"answer": {"status": 99}}]}, ">= 200"),
        ({"rules": [{"answer": {"latency": -1}}]}, ">= 0"),
        ({"rules": [{"answer": {"split": 0}}]}, ">= 1"),
        ({"rules": [{"answer": {"headers": {"x": "a\nb"}}}]}, "at `$.rules[0].answer.headers[...]`"),
        ({"rules": [{"answer": {"fault": {"kind": "explode"}}}]}, "'explode'"),
        ({"rules": [{"answer": {"fault": {"kind": "reset", "after_bytes": 1, "after_events": 1}}}]}, "one place"),
        ({"rules": [{"answer": {}, "cycle": [{}]}]}, "answer or cycle"),
        ({"rules": [{"cycle": []}]}, "at `$.rules[0].cycle`"),
        ({"rules": [{"times": 0}]}, "at `$.rules[0].times`"),
        ({"rules": [{"name": "a"}, {"name": "a"}]}, "different names: a"),
        ({"rules": [{"match": {"operation": "list_models"}, "answer": {"text": "x"}}]}, "nothing is said"),
        ({"require_key": 1}, "at `$.require_key`"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path, script, said):
    with pytest.raises(ScriptError, match=re.escape(said)):
        MockProvider(script)
    for name, written in (("script.json", json.dumps(script)), ("script.yaml", json.dumps(script))):
        path = tmp_path / name
        path.write_text(written)
        with pytest.raises(ScriptError, match=re.escape(said)) as caught:
            load_script(path)
        assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(("content", "said"), [(b"rules: [", "line 2"), (b"", "null"), (b"\xff", "UTF-8|codec|utf-8")])
def test_a_file_that_is_no_yaml(tmp_path, content, said):
    path = tmp_path / "script.yaml"
    path.write_bytes(content)
    with pytest.raises(ScriptError, match=said):
        load_script(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ScriptError, match="No such file"):
        MockProvider(tmp_path / "script.yaml")


def test_a_file_that_is_too_large(tmp_path):
    path = tmp_path / "script.yaml"
    path.write_bytes(b"#" * (MAX_SCRIPT_BYTES + 1))
    with pytest.raises(ScriptError, match="larger"):
        load_script(path)


async def test_a_script_in_python_is_the_same_as_in_yaml(tmp_path):
    path = tmp_path / "script.yaml"
    path.write_text("rules: [{match: {model: gpt*}, answer: {text: Hello., latency: 0.5}}]")
    rule = Rule(match=Match(model="gpt*"), answer=Answer(text="Hello.", latency=0.5))
    assert load_script(path) == Script(rules=(rule,))


async def test_serve_logs_where_it_listens_and_runs_until_it_is_cancelled(tmp_path, caplog):
    path = tmp_path / "script.json"
    path.write_text('{"models": ["scripted"]}')
    listening = asyncio.Event()

    class Wake(logging.Handler):
        def emit(self, record):
            listening.set()

    logger = logging.getLogger("tollwayd.mock")
    wake = Wake()
    logger.addHandler(wake)
    with caplog.at_level(logging.INFO, "tollwayd.mock"):
        serving = asyncio.create_task(serve("127.0.0.1", 0, path))
        await asyncio.wait_for(listening.wait(), 5)
    logger.removeHandler(wake)
    port = int(caplog.records[0].getMessage().rpartition(":")[2])
    async with connect(("127.0.0.1", port)) as wire:
        await wire.send(get("/v1/models"))
        assert b"scripted" in (await wire.response()).body
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
