"""grpc-gateway's own integration tests, aimed at the translator in front of grpc-gateway's own example server.

They come from Debian's package golang-github-grpc-ecosystem-grpc-gateway-dev, version 1.6, unchanged but for their
ports and main_test.go, and need Go: `make test-grpc-gateway` installs both. Elsewhere they are skipped.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path

import pytest
from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

HERE = Path(__file__).parent
GOCODE = Path("/usr/share/gocode")
GATEWAY = GOCODE / "src/github.com/grpc-ecosystem/grpc-gateway"
TESTS = GATEWAY / "examples/integration"
GO = shutil.which("go")

pytestmark = pytest.mark.skipif(not GO or not TESTS.exists(), reason="Go or grpc-gateway's tests are missing")

PASSING = [
    "TestEcho",
    "TestTimeout",
    "TestPostWithEmptyBody",
    "TestUnknownPath",
    "TestMethodNotAllowed",
    "TestInvalidArgument",
    "TestResponseBody",
    "TestWithProtoErrorHandler",
    "TestABEWithProtoErrorHandler",
    "TestPartEcho",
    "TestPartEchoOneof",
    "TestPartEchoOneof1",
    "TestPartEchoOneof2",
    "TestPartEchoBody",
    "TestPartCreate",
    "TestPartCreateBody",
    "TestPartBulkCreate",
    "TestPartLookup",
    "TestPartLookupNotFound",
    "TestPartList",
    "TestPartBulkEcho",
    "TestPartBulkEchoZeroLength",
    "TestPartAdditionalBindings",
]

DIFFERENT = {
    # What version 1 does and version 2 no more: bodies of errors with `error`, fields in their proto names, 501 where
    # nothing is served.
    "TestErrorWithDetails": "msg.Error = ; want with details",
    "TestABEPatch": 'string_value= ""; want "strprefix/foo"',
    "TestABEPatchBody": "updateMask: has to be field names separated by commas",  # They send Go's own form of a mask.
    "TestUnknownPathWithProtoError": "resp.StatusCode = 404; want 501",
    # All of its parts are run one by one but two: one wants version 1's body, one repeated fields in a path.
    "TestABE": "msg.Error = ; want not found",
    # An option of their gateway's code.
    "TestForwardResponseOption": "wanted application/vnd.docker.plugins.v1.1+json",
    # It gives the gateway a tenth of a second to start.
    "TestMethodNotAllowedWithProtoError": "connect: connection refused",
}
"""Tests that fail as they should, and what in their output shows that it is for that reason."""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What became of each test: whether it passed, and what it printed."""
    folder = tmp_path_factory.mktemp("grpc-gateway")
    descriptors = folder / "examples.binpb"
    descriptors.write_bytes(_descriptors(folder).SerializeToString())
    command = f"{sys.executable} -m tollwayd serve translator --like-grpc-gateway --unknown-fields ignore"
    command += f" --descriptors {descriptors}"
    environment = os.environ | {"TRANSLATOR": command, "UPSTREAM": f"127.0.0.1:{_free_ports(1)[0]}"}
    environment["PYTHONPATH"] = os.pathsep.join(str(HERE.parents[2] / part) for part in ("server", "gen/python"))
    words = [_build(folder), "-test.v"]
    ran = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120, cwd=folder, check=False)
    return _results(ran.stdout + ran.stderr)


def _build(folder: Path) -> Path:
    """Compiles their tests, with other ports, and with ours in place of their main."""
    package = folder / "src/integration"
    package.mkdir(parents=True)
    texts = {
        path.name: path.read_text() for path in (*TESTS.glob("*_error_test.go"), *TESTS.glob("integration_test.go"))
    }
    texts["translator_test.go"] = (HERE / "translator_test.go").read_text()
    theirs = sorted({port for text in texts.values() for port in re.findall(r"\b80\d\d\b", text)})
    ours = dict(zip(theirs, map(str, _free_ports(len(theirs))), strict=True))
    for name, text in texts.items():
        (package / name).write_text(re.sub(r"\b80\d\d\b", lambda port: ours[port[0]], text))
    binary = folder / "integration.test"
    environment = os.environ | {"GOPATH": f"{folder}:{GOCODE}", "GO111MODULE": "off", "GOFLAGS": ""}
    built = subprocess.run(
        [GO, "test", "-vet=off", "-c", "-o", binary, "integration"],
        env=environment, capture_output=True, text=True, timeout=540, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stdout + built.stderr
    return binary


def _descriptors(folder: Path) -> FileDescriptorSet:
    """What their tests call, without the one rule that the specification forbids: repeated fields in a path."""
    target = folder / "all.binpb"
    names = ("a_bit_of_everything", "echo_service", "response_body_service", "stream")
    examples = [GATEWAY / f"examples/proto/examplepb/{name}.proto" for name in names]
    roots = (GATEWAY, GATEWAY / "third_party/googleapis", files("grpc_tools") / "_proto")
    words = ["protoc", *(f"-I{root}" for root in roots), "--include_imports", f"--descriptor_set_out={target}"]
    assert protoc.main([*words, *map(str, examples)]) == 0
    found = FileDescriptorSet.FromString(target.read_bytes())
    for method in (method for file in found.file for service in file.service for method in service.method):
        if "{path_repeated" in method.options.Extensions[annotations_pb2.http].get:
            method.options.ClearExtension(annotations_pb2.http)
    return found


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def _results(output: str) -> dict[str, tuple[bool, str]]:
    found = re.findall(r"^=== RUN   (Test\w+)$(.*?)^--- (PASS|FAIL|SKIP): \1 ", output, re.DOTALL | re.MULTILINE)
    assert found, output
    return {name: (outcome == "PASS", printed) for name, printed, outcome in found}


@pytest.mark.parametrize("name", PASSING)
def test_it_passes(results, name):
    passed, printed = results[name]
    assert passed, printed


@pytest.mark.parametrize("name", DIFFERENT)
def test_it_differs_as_the_table_says(results, name):
    passed, printed = results[name]
    assert not passed
    assert DIFFERENT[name] in printed


def test_the_tables_name_all_of_them(results):
    assert results.keys() == {*PASSING, *DIFFERENT}
