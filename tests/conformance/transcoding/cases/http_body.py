"""google.api.HttpBody: bytes in, out and streamed, as they are."""

from __future__ import annotations

from tests.conformance.transcoding.case import Case, refused

_PNG = ("content-type: image/png",)
_JSON = ("content-type: application/json",)


def upload(id_: str, body: bytes | None, makes: str, *headers: str) -> Case:
    return Case(f"raw-{id_}", "POST /v1/raw", "Upload", makes, body, headers)


def store(id_: str, target: str, makes: str, body: bytes, *headers: str, **more) -> Case:
    return Case(f"raw-{id_}", f"PUT /v1/raw/{target}", "Store", makes, body, headers, **more)


def download(id_: str, query: str, makes: str, **more) -> Case:
    return Case(f"raw-{id_}", f"GET /v1/raw?{query}", "Download", makes, **more)


CASES = [
    upload("whole", b"\x89PNG\x00\xff", r'content_type: "image/png" data: "\211PNG\000\377"', *_PNG),
    upload("json-is-bytes", b'{"a": 1}', 'content_type: "application/json" data: "{\\"a\\": 1}"', *_JSON),
    upload("broken-json-is-bytes", b"{", 'content_type: "text/plain" data: "{"', "content-type: text/plain"),
    upload(
        "parameters",
        b"a",
        'content_type: "text/plain; charset=utf-8" data: "a"',
        "content-type: text/plain; charset=utf-8",
    ),
    upload("empty", b"", 'content_type: "image/png"', *_PNG),
    upload("no-content-type", b"a", 'data: "a"'),
    store("field", "a", 'name: "a" content {content_type: "image/png" data: "hi"}', b"hi", *_PNG),
    store(
        "field-and-query",
        "a?copies=2",
        'name: "a" content {content_type: "image/png" data: "hi"} copies: 2',
        b"hi",
        *_PNG,
    ),
    store("field-empty", "a", 'name: "a" content {content_type: "image/png"}', b"", *_PNG),
    store(
        "field-back",
        "a:back",
        'name: "a" content {content_type: "image/png" data: "hi"}',
        b"hi",
        *_PNG,
        answers="content",
    ),
    refused("raw-field-in-query", "PUT /v1/raw/a?content.data=aGk", "content", body=b"hi", headers=_PNG),
    Case(
        "raw-inside-json",
        "POST /v1/stores",
        "Store",
        'name: "a" content {content_type: "image/png" data: "hi"}',
        '{"name":"a","content":{"contentType":"image/png","data":"aGk="}}',
    ),
    download("stream-none", "content_type=text/plain", 'content_type: "text/plain"'),
    download("stream-one", "content_type=text/plain&parts=a", 'content_type: "text/plain" parts: "a"'),
    download(
        "stream-three",
        "content_type=text/plain&parts=a&parts=b&parts=c",
        'content_type: "text/plain" parts: ["a", "b", "c"]',
    ),
    download(
        "stream-empty-part",
        "content_type=text/plain&parts=a&parts=&parts=c",
        'content_type: "text/plain" parts: ["a", "", "c"]',
    ),
    download(
        "stream-events",
        "content_type=text/event-stream&parts=event:+a%0A%0A",
        r'content_type: "text/event-stream" parts: "event: a\n\n"',
    ),
    download("stream-no-content-type", "parts=a", 'parts: "a"'),
    download("stream-error-first", "code=5", "code: 5", status=404),
    download("stream-error-within", "parts=a&code=5", 'parts: "a" code: 5'),
]
