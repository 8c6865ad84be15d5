"""LiteLLM's proxy, if `make bench-peers` installed it: one worker, its log off.

`litellm` asks for its master key. `litellm-limits` has what limits it has without a database of its own, too: requests
and tokens a minute of a model.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.processes import GATEWAY_CORE, free_port, running
from tests.bench.scenes.request import Request
from tests.bench.scenes.scene import CHAT, body_of
from tests.bench.subjects.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from tests.bench.scenes.scene import Scene

PROGRAM = Path(__file__).parents[3] / ".venv-peers" / "bin" / "litellm"
KEY = "sk-of-the-benchmark"
MODELS = {"litellm": "", "litellm-limits": ", rpm: 1000000000, tpm: 1000000000000"}
SETTINGS = {
    # It would fetch its price list from the network.
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOG": "ERROR",
    "NO_DOCS": "True",
}

_HEAD = """
general_settings: {{master_key: {key}}}
router_settings: {{optional_pre_call_checks: [enforce_model_rate_limits]}}
litellm_settings: {{telemetry: false}}
model_list:
"""
_MODEL = """
- model_name: {name}
  litellm_params: {{model: openai/gpt-4.1, api_base: "http://127.0.0.1:{upstream}/v1", api_key: sk-any{limits}}}
"""


def start_litellm(stack: ExitStack, folder: Path, scene: Scene, upstream: int) -> Iterator[Subject]:
    """Starts it in front of this port."""
    folder.mkdir()
    port, configuration = free_port(), folder / "litellm.yaml"
    models = [_MODEL.format(name=name, upstream=upstream, limits=limits) for name, limits in MODELS.items()]
    configuration.write_text(_HEAD.format(key=KEY) + "".join(models))
    command = [str(PROGRAM), "--config", str(configuration), "--host", "127.0.0.1", "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | SETTINGS
    process = stack.enter_context(running(command, core=GATEWAY_CORE, port=port, environment=environment))
    for name in MODELS:
        yield Subject(name, Request(port, CHAT, body_of("openai", name, scene), KEY), (process.pid,))
