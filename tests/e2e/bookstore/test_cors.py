"""Cross-origin requests, as browsers make them (Fetch, section 3.3)."""

from __future__ import annotations

import pytest

from tests.apis import bookstore, kinds
from tests.apis.library import NAME, Library, reason_of, serve, served
from tests.apis.listeners import listener
from tests.wire.http1 import connect, get, request
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.head.cors import EXPOSED, MAX_ORIGINS, MAX_REQUESTED_HEADERS, Cors, parse_origin
from tollwayd.translator.options import RestOptions
from tollwayd.translator.pages import Page
from tollwayd.translator.server import RestDoor

PATH = f"/v1/{NAME}"
APP = "https://app.example.com"
POLICY = Cors((APP, "https://*.example.org", "http://localhost:3000"), exposed=("x-till",))
PAGE = {"/page": Page("text/plain", lambda: b"words")}
PREFLIGHT = {"origin": APP, "access-control-request-method": "PATCH"}
ANSWERS = {
    "an answer": ("GET", PATH, 200),
    "an error of a stream": ("GET", "/v1/shelves/2:watch", 404),
    "a page": ("GET", "/page", 200),
    "an error": ("GET", "/v1/shelves/2", 404),
    "no route": ("GET", "/v2", 404),
    "a wrong method": ("POST", PATH, 405),
    "options": ("OPTIONS", PATH, 204),
    "trace": ("TRACE", PATH, 405),
    "an escape that is none": ("PATCH", "/v1/shelves/%zz", 400),
}


@pytest.fixture
async def library():
    return Library()


@pytest.fixture
async def client(library):
    async with served(library, cors=POLICY, pages=PAGE) as client:
        yield client


def cors_of(response) -> dict[str, str]:
    """The answer's headers for browsers."""
    names = {name.lower() for name in response.headers}
    return {name: response.headers[name] for name in names if name.startswith("access-control-")}


class TestAnswers:
    @pytest.mark.parametrize(("method", "path", "status"), ANSWERS.values(), ids=ANSWERS.keys())
    async def test_every_answer_may_be_read_by_the_page(self, library, method, path, status):
        async with serve(library, cors=POLICY, pages=PAGE) as address, connect(address) as connection:
            await connection.send(request(method, path, f"origin: {APP}"))
            answer = await connection.head()
        assert answer.status == status
        assert answer.headers["access-control-allow-origin"] == APP
        assert answer.headers["vary"] == "origin"
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert exposed == [*EXPOSED, "x-till", "*"]
        assert {"x-request-id", "etag", "retry-after", "www-authenticate", "grpc-status"} <= set(exposed)

    async def test_a_stream_and_its_head(self, library):
        async with serve(library, cors=POLICY) as address, connect(address) as connection:
            await connection.send(request("HEAD", f"{PATH}:watch", f"origin: {APP}") + get(PATH, f"origin: {APP}"))
            assert (await connection.head()).headers["access-control-allow-origin"] == APP
        store = bookstore.Bookstore()
        async with bookstore.serve(store, cors=POLICY) as (_, address), connect(address) as connection:
            await connection.send(get("/v1/scans/a:stream", f"origin: {APP}"))
            answer = await connection.head()
            assert (answer.headers["access-control-allow-origin"], await connection.chunk()) == (APP, b"first")

    async def test_a_304(self, client):
        async with client.get(PATH, headers={"origin": APP, "if-none-match": '"1"'}) as got:
            assert (got.status, got.headers["access-control-allow-origin"], got.headers["vary"]) == (304, APP, "origin")

    async def test_an_error_of_the_service_in_its_own_words(self):
        store = bookstore.Bookstore()
        store.error = TollwayError(Reason.REASON_CREDENTIAL_MISSING)
        async with bookstore.serve(store, cors=POLICY) as (_, address), connect(address) as connection:
            await connection.send(request("POST", "/kiosk/buy", f"origin: {APP}", body=b""))
            answer = await connection.response()
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (401, APP)

    async def test_calls_of_connect_and_grpc_web_and_their_preflights(self, client):
        path = "/library.rest.v1.LibraryService/GetShelf"
        headers = PREFLIGHT | {"access-control-request-headers": "connect-protocol-version,content-type"}
        async with client.options(path, headers=headers) as got:
            assert (got.status, got.headers["allow"]) == (204, "OPTIONS, POST")
            assert got.headers["access-control-allow-methods"] == "OPTIONS, POST"
            assert got.headers["access-control-allow-headers"] == "connect-protocol-version, content-type"
        for content_type, status in (("application/json", 404), ("application/grpc-web+proto", 200)):
            headers = {"origin": APP, "content-type": content_type}
            async with client.post(path, data=b"{}" if status == 404 else bytes(5), headers=headers) as got:
                assert (got.status, got.headers["access-control-allow-origin"]) == (status, APP)

    @pytest.mark.parametrize(
        "origin",
        [
            "https://a.example.org",
            "https://a.b-c.example.org",
            "http://localhost:3000",
        ],
    )
    async def test_origins_that_may(self, client, origin):
        async with client.get(PATH, headers={"origin": origin}) as got:
            assert got.headers["access-control-allow-origin"] == origin

    @pytest.mark.parametrize(
        "origin",
        [
            "https://evil.com",
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://app.example.com.evil.com",
            "https://xapp.example.com",
            "https://example.org",
            "https://.example.org",
            "https://a..example.org",
            "https://evil.com/.example.org",
            "https://evilexample.org",
            "https://a.exampleXorg",
            "http://localhost",
            "null",
            "*",
            "",
        ],
    )
    async def test_others_are_served_but_their_browser_keeps_it_from_them(self, client, origin):
        for method in ("GET", "OPTIONS"):
            headers = PREFLIGHT | {"origin": origin}
            async with client.request(method, PATH, headers=headers) as got:
                assert got.status in {200, 204}
                assert (cors_of(got), got.headers["vary"]) == ({}, "origin")

    async def test_without_an_origin_caches_are_told_all_the_same(self, client):
        async with client.get(PATH) as got:
            assert (cors_of(got), got.headers["vary"]) == ({}, "origin")

    async def test_it_is_off_by_default(self, library):
        async with served(library) as client, client.options(PATH, headers=PREFLIGHT) as got:
            assert (got.status, cors_of(got), "vary" in got.headers) == (204, {}, False)


class TestPreflight:
    async def test_it_is_answered_without_a_call(self, client, library):
        asked = {**PREFLIGHT, "access-control-request-headers": "authorization,If-Match, x-api-key"}
        asked["access-control-request-private-network"] = "true"
        async with client.options(PATH, headers=asked) as got:
            assert (got.status, got.headers["vary"]) == (204, "origin")
            answer = cors_of(got)
        assert answer.pop("access-control-expose-headers")
        assert answer == {
            "access-control-allow-origin": APP,
            "access-control-allow-methods": "DELETE, GET, HEAD, OPTIONS, PATCH, PUT",
            "access-control-allow-headers": "authorization, If-Match, x-api-key",
            "access-control-max-age": "7200",
        }
        assert library.calls == []

    async def test_of_a_page_of_the_door(self, client):
        async with client.options("/page", headers=PREFLIGHT) as got:
            assert cors_of(got)["access-control-allow-methods"] == "GET, HEAD, OPTIONS"

    async def test_of_an_unknown_path_can_be_read_as_that(self, client):
        async with client.options("/v2", headers=PREFLIGHT) as got:
            assert (got.status, got.headers["access-control-allow-origin"]) == (404, APP)
            assert await reason_of(got) == "ROUTE_NOT_FOUND"

    @pytest.mark.parametrize(
        "names", ["a b", "a,b:c", "é", ",".join(["x"] * (MAX_REQUESTED_HEADERS + 1)), "x" * 129, "a, b\tc", ""]
    )
    async def test_names_that_are_none_are_not_allowed(self, library, names):
        async with serve(library, cors=POLICY) as address, connect(address) as connection:
            lines = [f"{name}: {value}" for name, value in PREFLIGHT.items()]
            await connection.send(request("OPTIONS", PATH, *lines, f"access-control-request-headers: {names}"))
            answer = await connection.head()
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, APP)
        assert "access-control-allow-headers" not in answer.headers

    async def test_as_many_names_as_there_may_be(self, client):
        names = ",".join(f"x-{number}" for number in range(MAX_REQUESTED_HEADERS))
        async with client.options(PATH, headers=PREFLIGHT | {"access-control-request-headers": names}) as got:
            assert len(cors_of(got)["access-control-allow-headers"].split(", ")) == MAX_REQUESTED_HEADERS

    async def test_of_a_binding_that_takes_options_itself(self):
        echo = kinds.Echo()
        door = RestDoor(kinds.registry(echo), RestOptions(cors=POLICY, listener=listener()))
        address = await door.start("127.0.0.1", 0)
        async with connect(address) as connection:
            lines = [f"{name}: {value}" for name, value in PREFLIGHT.items()]
            await connection.send(request("OPTIONS", "/v1/whatever/a", *lines))
            answer = await connection.head()
            assert (answer.status, echo.seen) == (204, [])
            assert "PATCH" in answer.headers["access-control-allow-methods"]
            await connection.send(request("OPTIONS", "/v1/whatever/a", f"origin: {APP}"))
            assert (await connection.response()).status == 200
        await door.stop(0)


class TestPolicies:
    async def test_any_origin(self, library):
        async with served(library, cors=Cors(("*",))) as client:
            async with client.get(PATH, headers={"origin": "https://anywhere.example"}) as got:
                assert (got.headers["access-control-allow-origin"], "vary" in got.headers) == ("*", False)
            async with client.get(PATH) as got:
                assert cors_of(got) == {}
            async with client.options(PATH, headers=PREFLIGHT | {"origin": "null"}) as got:
                assert cors_of(got)["access-control-allow-methods"]

    async def test_credentials(self, library):
        policy = Cors((APP,), allow_credentials=True, max_age=60)
        async with served(library, cors=policy) as client, client.options(PATH, headers=PREFLIGHT) as got:
            answer = cors_of(got)
        assert answer["access-control-allow-credentials"] == "true"
        assert answer["access-control-max-age"] == "60"
        assert not answer["access-control-expose-headers"].endswith("*")

    def test_credentials_for_everybody_are_refused(self):
        with pytest.raises(ValueError, match="name the origins"):
            Cors((APP, "*"), allow_credentials=True)

    def test_it_has_a_limit(self):
        Cors((APP,) * MAX_ORIGINS)
        with pytest.raises(ValueError, match="at most"):
            Cors((APP,) * (MAX_ORIGINS + 1))

    def test_exposed_names_are_names(self):
        with pytest.raises(ValueError, match="name"):
            Cors((APP,), exposed=("a\r\nb",))

    @pytest.mark.parametrize(
        ("text", "origin"),
        [
            ("HTTPS://App.Example.com", APP),
            ("https://app.example.com:443", APP),
            ("http://a:80", "http://a"),
            ("http://a:443", "http://a:443"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("chrome-extension://abc", "chrome-extension://abc"),
            ("https://*.example.com:8443", "https://*.example.com:8443"),
            ("*", "*"),
        ],
    )
    def test_origins_are_read_as_browsers_write_them(self, text, origin):
        assert parse_origin(text) == origin

    @pytest.mark.parametrize(
        "text",
        ["", "null", "app.example.com", f"{APP}/", f"{APP}/path", "https://", "https://*", "https://a.*.com",
         "https://*a.com", "*://a.com", "https://a b", f"{APP}:", f"{APP}:123456", "https://a@b", "https://a\n"],
    )  # fmt: skip
    def test_what_is_none_is_refused(self, text):
        with pytest.raises(ValueError, match="an origin is written"):
            parse_origin(text)
