"""What Tollway is measured beside: an upstream that costs next to nothing, and a bare Envoy in front of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ANSWER = (
    '{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"gpt-4.1-2025-04-14","choices":'
    '[{"index":0,"message":{"role":"assistant","content":"TEXT"},"finish_reason":"stop"}],'
    '"usage":{"prompt_tokens":120,"completion_tokens":150,"total_tokens":270}}'
).replace("TEXT", "All roads lead to Rome, and this one is metered. " * 12)
"""A chat completion of about a kilobyte."""

_NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ default_type application/json; return 200 '{answer}'; }}
  }}
}}
"""

_ENVOY = """
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
    load_assignment:
      cluster_name: upstream
      endpoints:
      - lb_endpoints:
        - endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {upstream}}}}}}}
"""


def nginx_config(folder: Path, port: int) -> Path:
    """An nginx that answers everything with ANSWER."""
    path = folder / "nginx.conf"
    path.write_text(_NGINX.format(folder=folder, port=port, answer=ANSWER))
    return path


def envoy_config(folder: Path, port: int, upstream: int) -> Path:
    """An Envoy that passes everything on, and does nothing else."""
    path = folder / "envoy.yaml"
    path.write_text(_ENVOY.format(port=port, upstream=upstream))
    return path
