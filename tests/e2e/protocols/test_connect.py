"""What Connect alone has: GET, HTTP statuses, versions, and refusals that HTTP itself has words for."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from urllib.parse import quote, urlencode

import pytest

from tests.apis.calls import SERVICE, Line, serve
from tests.apis.kinds import STATUSES
from tests.wire.http1 import connect, get, request
from tests.wire.rpc_http import CONNECT_JSON, CONNECT_PROTO, GRPC_WEB, STREAM_JSON, STREAM_PROTO
from tollwayd.translator.head.cors import Cors

LOOK = f"{SERVICE}/Look"
LINE = Line(text="a b+é", number=7, data=b"\xff\xfe\xfd")
MESSAGE = {"text": "a b+é", "number": 7, "data": "//79"}


async def exchange(address, data: bytes):
    async with connect(address) as connection:
        await connection.send(data)
        return await connection.response()


def base64(form, *, padding: str = "") -> str:
    return urlsafe_b64encode(form.write(LINE)).decode().rstrip("=") + padding


class TestGet:
    @pytest.mark.parametrize(
        "query",
        [
            urlencode({"connect": "v1", "encoding": "json", "message": json.dumps(MESSAGE)}),
            f"message={quote(json.dumps(MESSAGE))}&encoding=json",
            f"encoding=json&message={base64(CONNECT_JSON)}&base64=1&connect=v1&other=1&other=2",
            f"encoding=json&base64=0&compression=identity&message={quote(json.dumps(MESSAGE))}",
        ],
    )
    async def test_json_in_the_query(self, calls, address, query):
        answer = await exchange(address, get(f"{LOOK}?{query}", "x-custom: 1"))
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        assert json.loads(answer.body) == MESSAGE
        assert CONNECT_JSON.said(answer).trailers == calls.trailers
        assert calls.seen[0].metadata["x-custom"] == "1"

    @pytest.mark.parametrize("padding", ["", quote("=" * (-len(base64(CONNECT_PROTO)) % 4))])
    async def test_proto_in_the_query(self, address, padding):
        query = f"connect=v1&encoding=proto&message={base64(CONNECT_PROTO, padding=padding)}&base64=1"
        answer = await exchange(address, get(f"{LOOK}?{query}"))
        assert (answer.status, answer.headers["content-type"]) == (200, "application/proto")
        assert Line.FromString(answer.body) == LINE

    async def test_an_empty_message(self, address):
        answer = await exchange(address, get(f"{LOOK}?encoding=proto&message="))
        assert (answer.status, answer.body) == (200, b"")

    @pytest.mark.parametrize(
        ("query", "status", "code"),
        [
            ("encoding=json", 400, "invalid_argument"),
            ("message={}", 415, "invalid_argument"),
            ("encoding=canary&message={}", 415, "invalid_argument"),
            ("encoding=json&message={", 400, "invalid_argument"),
            ("encoding=json&message=%ff", 400, "invalid_argument"),
            ("encoding=json&message=%zz", 400, "invalid_argument"),
            ("encoding=json&message={}&message={}", 400, "invalid_argument"),
            ("encoding=json&message=canary!&base64=1", 400, "invalid_argument"),
            ("encoding=json&message=A&base64=1", 400, "invalid_argument"),
            ("connect=v2&encoding=json&message={}", 400, "invalid_argument"),
            ("encoding=json&message={}&compression=gzip", 501, "unimplemented"),
            ('encoding=json&message={"code":5}', 404, "not_found"),
        ],
    )
    async def test_what_is_refused(self, address, query, status, code):
        answer = await exchange(address, get(f"{LOOK}?{query}"))
        assert (answer.status, json.loads(answer.body)["code"]) == (status, code)
        assert b"canary" not in answer.body

    async def test_a_deadline(self, address):
        answer = await exchange(address, get(f'{LOOK}?encoding=json&message={{"wait":true}}', "connect-timeout-ms: 50"))
        assert (answer.status, json.loads(answer.body)["code"]) == (504, "deadline_exceeded")

    @pytest.mark.parametrize(
        ("method", "name", "allowed"),
        [
            ("GET", "Say", "OPTIONS, POST"),
            ("HEAD", "Count", "OPTIONS, POST"),
            ("PUT", "Look", "GET, HEAD, OPTIONS, POST"),
        ],
    )
    async def test_other_methods(self, calls, address, method, name, allowed):
        async with connect(address) as connection:
            await connection.send(request(method, f"{SERVICE}/{name}?encoding=json&message={{}}"))
            answer = await connection.head()
        assert (answer.status, answer.headers["allow"]) == (405, allowed)
        assert calls.seen == []

    async def test_the_head_alone(self, calls, address):
        async with connect(address) as connection:
            await connection.send(request("HEAD", f"{LOOK}?encoding=json&message={{}}", "connection: close"))
            answer = await connection.head()
            assert await connection.rest() == b""
        assert (answer.status, answer.headers["content-length"]) == (200, "2")
        assert len(calls.seen) == 1


class TestOptions:
    @pytest.mark.parametrize(("name", "allowed"), [("Say", "OPTIONS, POST"), ("Look", "GET, HEAD, OPTIONS, POST")])
    async def test_what_a_path_takes(self, calls, address, name, allowed):
        async with connect(address) as connection:
            await connection.send(request("OPTIONS", f"{SERVICE}/{name}"))
            answer = await connection.head()
        assert (answer.status, answer.headers["allow"]) == (204, allowed)
        assert calls.seen == []

    async def test_a_page_asks_and_calls(self, calls):
        app = "https://app.example.com"
        names = "connect-protocol-version,content-type,x-grpc-web"
        async with serve(calls, cors=Cors((app,))) as (_, address, _), connect(address) as connection:
            wanted = "access-control-request-method: POST", f"access-control-request-headers: {names}"
            await connection.send(request("OPTIONS", f"{SERVICE}/Say", f"origin: {app}", *wanted))
            preflight = await connection.head()
            assert preflight.headers["access-control-allow-origin"] == app
            assert preflight.headers["access-control-allow-methods"] == "OPTIONS, POST"
            assert preflight.headers["access-control-allow-headers"].replace(" ", "") == names
            for form, name in [
                (CONNECT_JSON, "Say"),
                (STREAM_JSON, "Count"),
                (GRPC_WEB, "Say"),
                (CONNECT_JSON, "Look"),
            ]:
                body = form.body([form.write(Line(code=5))])
                await connection.send(form.request(f"{SERVICE}/{name}", body, f"origin: {app}"))
                answer = await connection.response()
                assert answer.headers["access-control-allow-origin"] == app
                assert "grpc-status-details-bin" in answer.headers["access-control-expose-headers"]


class TestRefusals:
    @pytest.mark.parametrize("code", STATUSES)
    async def test_the_status_of_a_code(self, address, code):
        answer, _ = await CONNECT_JSON.call(address, f"{SERVICE}/Say", Line(code=code))
        assert answer.status == STATUSES[code]
        assert ("www-authenticate" in answer.headers) == (code == 16)

    @pytest.mark.parametrize(
        "content_type", ["text/plain", "application/xml", "application/grpc", "application/connect"]
    )
    @pytest.mark.parametrize("name", ["Say", "Count"])
    async def test_a_content_type_that_nobody_knows(self, calls, address, name, content_type):
        answer = await exchange(
            address, request("POST", f"{SERVICE}/{name}", f"content-type: {content_type}", body=b"canary")
        )
        own = {"Say": "application/proto, application/json", "Count": "application/connect+proto"}[name]
        assert answer.status == 415
        assert own in ", ".join(sorted(answer.headers["accept-post"].split(", "), reverse=True))
        assert "application/grpc-web-text" in answer.headers["accept-post"]
        assert json.loads(answer.body)["details"][0]["debug"]["reason"] == "MEDIA_TYPE_UNSUPPORTED"
        assert calls.seen == []

    @pytest.mark.parametrize(
        ("form", "name"),
        [(CONNECT_JSON, "Count"), (CONNECT_PROTO, "Collect"), (STREAM_JSON, "Say"), (STREAM_PROTO, "Look")],
    )
    async def test_the_content_type_of_another_kind_of_method(self, calls, address, form, name):
        answer = await exchange(address, form.request(f"{SERVICE}/{name}", b"{}"))
        assert answer.status == 415
        assert form.content_type not in answer.headers["accept-post"].split(", ")
        assert calls.seen == []

    async def test_no_content_type(self, address):
        assert (await exchange(address, request("POST", f"{SERVICE}/Say", body=b"{}"))).status == 415

    async def test_a_content_type_with_a_parameter(self, address):
        sent = request("POST", f"{SERVICE}/Say", "content-type: Application/JSON; charset=utf-8", body=b'{"number":1}')
        assert (await exchange(address, sent)).body == b'{"number":1}'

    @pytest.mark.parametrize("form", [CONNECT_JSON, STREAM_JSON], ids=repr)
    async def test_another_version(self, address, form):
        path = "Say" if form is CONNECT_JSON else "Count"
        _, said = await form.call(address, f"{SERVICE}/{path}", Line(), headers=("connect-protocol-version: 2",))
        assert said.error[0] == 3

    async def test_a_deadline_that_has_passed(self, calls, address):
        answer, _ = await CONNECT_JSON.call(
            address, f"{SERVICE}/Say", Line(wait=True), headers=("connect-timeout-ms: 0",)
        )
        assert answer.status == 504

    async def test_a_connection_serves_every_protocol_in_turn(self, address):
        async with connect(address) as connection:
            for form, name in [
                (CONNECT_JSON, "Say"),
                (STREAM_PROTO, "Talk"),
                (GRPC_WEB, "Count"),
                (CONNECT_PROTO, "Look"),
            ]:
                await connection.send(form.request(f"{SERVICE}/{name}", form.body([form.write(Line(text="a"))])))
                assert form.said(await connection.response()).error is None
