"""Portkey's gateway, if `make bench-peers` installed it. Keys and limits are of Portkey's own service, so it passes
calls on, and no more.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.processes import GATEWAY_CORE, free_port, program, running
from tests.bench.subjects.subject import Subject

if TYPE_CHECKING:
    from contextlib import ExitStack

    from tests.bench.scenes.scene import Scene

SERVER = (
    Path(__file__).parents[3] / ".venv-peers" / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
)


def start_portkey(stack: ExitStack, scene: Scene, upstream: int) -> Subject:
    """Starts it; requests name the provider's port themselves."""
    port = free_port()
    environment = {**os.environ, "NODE_ENV": "production", "TRUSTED_CUSTOM_HOSTS": "127.0.0.1,localhost"}
    command = [program("node", "nodejs"), str(SERVER), f"--port={port}", "--headless"]
    process = stack.enter_context(running(command, core=GATEWAY_CORE, port=port, environment=environment))
    headers = (("x-portkey-provider", "openai"), ("x-portkey-custom-host", f"http://127.0.0.1:{upstream}/v1"))
    return Subject("portkey", scene.of_provider(port)._replace(headers=headers), (process.pid,))
