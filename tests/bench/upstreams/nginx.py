"""nginx as a provider that costs next to nothing: whole answers on one port, streams from a file on another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.processes import LOAD_CORE, free_port, program, running
from tests.bench.scenes.scene import PROVIDER_PATHS
from tests.bench.upstreams.answers import WHOLE, WORD, stream

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

_CONFIGURATION = """
master_process off;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  client_max_body_size 0;
  client_body_buffer_size 1m;
  open_file_cache max=10;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    {locations}
  }}
}}
"""

_WHOLE = "location = {path} {{ default_type application/json; return 200 '{answer}'; }}"

# A file is not for POST, says nginx, unless one makes its refusal an answer.
_STREAM = "location = {path} {{ default_type text/event-stream; root {folder}; error_page 405 =200 $uri; }}"


def start_nginx(stack: ExitStack, folder: Path, *, streamed: bool) -> tuple[int, int]:
    """Starts one; gives its port and its process id."""
    folder.mkdir()
    port = free_port()
    locations = []
    for dialect, path in PROVIDER_PATHS.items():
        if streamed:
            (file := folder / path[1:]).parent.mkdir(parents=True, exist_ok=True)
            file.write_text(stream(dialect, WORD).whole())
        locations.append((_STREAM if streamed else _WHOLE).format(path=path, folder=folder, answer=WHOLE[dialect]))
    configuration = folder / "nginx.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder, port=port, locations="\n    ".join(locations)))
    command = [program("nginx", "nginx-light"), "-c", str(configuration)]
    return port, stack.enter_context(running(command, core=LOAD_CORE, port=port)).pid
