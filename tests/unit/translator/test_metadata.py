from __future__ import annotations

import time
import tracemalloc

import pytest
from multidict import CIMultiDict

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.head.metadata import content_type_header, deadline, request_metadata, response_headers
from tollwayd.translator.listeners.aiohttp_listener.requests import joined
from tollwayd.translator.listeners.lean.parser import RequestParser


def by_aiohttp(fields):
    return joined(CIMultiDict(fields).items())


def by_lean(fields):
    parser = RequestParser(None)
    lines = [f"{name}: {value}\r\n".encode("utf-8", "surrogateescape") for name, value in fields]
    parser.feed(b"GET / HTTP/1.0\r\n" + b"".join(lines) + b"\r\n")
    headers = parser.requests[0].headers
    parser.close()
    return headers


@pytest.fixture(params=[by_aiohttp, by_lean])
def metadata(request):
    """The metadata of header fields as a listener gives them."""
    return lambda *fields: request_metadata(request.param(fields))


def test_headers_pass_in_lower_case(metadata):
    assert metadata(("Authorization", "Bearer k"), ("X-Custom", "1"), ("Traceparent", "00-1-1-00")) == {
        "authorization": "Bearer k",
        "x-custom": "1",
        "traceparent": "00-1-1-00",
    }


def test_values_of_one_name_are_joined(metadata):
    assert metadata(("X-A", "1"), ("x-a", "2"), ("X-B", "3")) == {"x-a": "1, 2", "x-b": "3"}


def test_the_prefix_of_grpc_gateway_falls_away(metadata):
    assert metadata(("Grpc-Metadata-Shelf", "1"), ("grpc-metadata-data-bin", "AQ==")) == {
        "shelf": "1",
        "data-bin": "AQ==",
    }


FRAMING = {"Content-Length": "1", "Transfer-Encoding": "chunked"}


@pytest.mark.parametrize(
    "name",
    [
        "Connection",
        "Keep-Alive",
        "Proxy-Authorization",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Content-Length",
        "Expect",
        "grpc-timeout",
        "grpc-encoding",
        "grpc-metadata-grpc-timeout",
        "grpc-metadata-connection",
        "grpc-metadata-",
        "x_forwarded_user",
        "grpc-metadata-x_forwarded_user",
    ],
)
def test_what_belongs_to_one_hop_or_to_the_other_door_stays_outside(metadata, name):
    assert metadata((name, FRAMING.get(name, "close"))) == {}


def test_headers_that_connection_names_end_here(metadata):
    assert metadata(("Connection", "close, X-Hop"), ("X-Hop", "1"), ("X-End", "2")) == {"x-end": "2"}


def test_values_of_other_bytes_are_utf_8_or_latin_1(metadata):
    assert metadata(("a", "é"), ("b", "\udce9")) == {"a": "é", "b": "é"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"grpc-timeout": "2S"}, 2),
        ({"grpc-timeout": "1H"}, 3600),
        ({"grpc-timeout": "3M"}, 180),
        ({"grpc-timeout": "250m"}, 0.25),
        ({"grpc-timeout": "99999999u"}, 99.999999),
        ({"grpc-timeout": "1n"}, 0),
        ({"x-server-timeout": "1.5"}, 1.5),
        ({"x-server-timeout": "9", "grpc-timeout": "2S"}, 2),
    ],
)
def test_a_deadline(headers, seconds):
    assert deadline(headers) == pytest.approx(time.monotonic() + seconds, abs=0.5)


def test_no_deadline():
    assert deadline({}) is None


@pytest.mark.parametrize(
    "headers",
    [{"grpc-timeout": value} for value in ["", "1", "S", "zzz", "-1S", "1.5S", "123456789S", "1s", "1S ", "١S"]]
    + [{"x-server-timeout": value} for value in ["", "-1", "inf", "nan", "1e3", "1s", "999999999"]],
)
def test_a_deadline_that_cannot_be_read_is_refused(headers):
    with pytest.raises(TollwayError) as refused:
        deadline(headers)
    assert refused.value.reason == Reason.REASON_REQUEST_MALFORMED


def test_declared_headers_go_out_plainly_but_not_those_of_the_door():
    declared = {"x-shelf": "1", "content-length": "5", "transfer-encoding": "x", "connection": "x", "x-request-id": "x"}
    assert response_headers(declared) == "x-shelf: 1\r\n"


@pytest.mark.parametrize(
    ("name", "value"), [("x", "a\r\nset-cookie: b"), ("x\r\ny", "a"), ("x y", "a"), ("", "a"), ("x", "\0")]
)
def test_nothing_breaks_out_of_its_header(name, value):
    with pytest.raises(ValueError, match="response header"):
        response_headers({name: value})


def test_a_content_type_does_not_break_out_either():
    assert content_type_header("") == ""
    with pytest.raises(ValueError, match="control character"):
        content_type_header("text/html\r\n\r\n<script>")


def test_nothing_is_kept_of_long_names(metadata):
    def ask(start: int) -> None:
        for number in range(start, start + 500):
            assert metadata((f"{number:05}" * 1000, "1")) == {f"{number:05}" * 1000: "1"}

    ask(0)
    tracemalloc.start()
    try:
        ask(1000)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 100_000
