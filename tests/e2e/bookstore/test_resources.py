"""The bookstore over REST, as a client sees it: paths, bodies, queries and errors."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from io import BytesIO

import aiohttp
import pytest

from tests.apis.bookstore import Book, Bookstore, serve
from tests.wire.http1 import connect, get
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.limits import THREAD_BYTES
from tollwayd.translator.messages import inbound
from tollwayd.translator.protojson import codec as json_codec
from tollwayd.translator.protojson.text import MAX_JSON_VALUES
from tollwayd.translator.wires.rpc import codec

EMMA = "shelves/1/books/emma"


@pytest.fixture
async def store():
    store = Bookstore()
    store.proceed.set()
    return store


@pytest.fixture
async def client(store):
    async with (
        serve(store, print_unset=False) as (_, (host, port)),
        aiohttp.ClientSession(f"http://{host}:{port}") as client,
    ):
        yield client


async def status_of(response: aiohttp.ClientResponse) -> dict:
    """The google.rpc.Status that an error answers with."""
    assert response.headers["content-type"] == "application/json"
    body = await response.json()
    assert body["details"][0]["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    return body


async def reason_of(response: aiohttp.ClientResponse) -> str:
    return (await status_of(response))["details"][0]["reason"]


async def violation_of(response: aiohttp.ClientResponse) -> str:
    assert response.status == 400
    return (await status_of(response))["details"][1]["fieldViolations"][0]["field"]


class TestResources:
    async def test_create_get_update_list_and_delete(self, client):
        async with client.post("/v1/shelves/1/books?book_id=emma", json={"title": "Emma", "copiesSold": 3}) as made:
            assert made.status == 200
            assert made.headers["content-type"] == "application/json"
            assert await made.json() == {"name": EMMA, "title": "Emma", "copiesSold": "3"}
        async with client.patch(f"/v1/{EMMA}?updateMask=title", json={"title": "Emma!", "pages": 9}) as changed:
            assert await changed.json() == {"name": EMMA, "title": "Emma!", "copiesSold": "3"}
        async with client.get(f"/v1/{EMMA}") as found:
            assert (await found.json())["title"] == "Emma!"
        async with client.get("/v1/shelves/1/books") as listed:
            assert [book["title"] for book in (await listed.json())["books"]] == ["Emma!"]
        async with client.delete(f"/v1/{EMMA}") as deleted:
            assert (deleted.status, await deleted.json()) == (200, {})
        async with client.get(f"/v1/{EMMA}") as gone:
            assert gone.status == 404
            assert await reason_of(gone) == "RESOURCE_NOT_FOUND"

    async def test_a_custom_verb(self, client):
        async with client.post(f"/v1/{EMMA}:sell", json={"copies": 2}) as sold:
            assert await sold.json() == {"name": EMMA, "copiesSold": "2"}

    async def test_an_additional_binding(self, client, store):
        async with client.get("/v1/books/9780141439587") as found:
            assert (await found.json())["name"] == "isbn/9780141439587"
        assert store.requests[-1].isbn == 9780141439587

    async def test_one_field_as_the_answer(self, client, store):
        store.books[EMMA] = Book(name=EMMA, title="Emma")
        async with client.get("/v1/shelves/1/titles") as titles:
            assert await titles.json() == ["Emma"]
        async with client.get("/v1/shelves/2/first") as nothing:
            assert await nothing.json() is None

    async def test_one_repeated_field_as_the_body(self, client):
        async with client.put("/v1/tags?key=k", json=["a", "b"]) as tagged:
            assert await tagged.json() == {"tags": ["a", "b"], "key": "k"}

    async def test_path_variables_win_over_body_and_query(self, client, store):
        async with client.post(f"/v1/{EMMA}:sell", json={"name": "shelves/9/books/x"}):
            assert store.requests[-1].name == EMMA
        async with client.get("/v1/shelves/1/books?parent=shelves/2"):
            assert store.requests[-1].parent == "shelves/1"

    async def test_a_body_of_all_fields_leaves_nothing_for_the_query(self, client, store):
        async with client.post(f"/v1/{EMMA}:sell?copies=5&no_such=1", json={}) as sold:
            assert sold.status == 200
        assert store.requests[-1].copies == 0

    async def test_a_nested_query(self, client, store):
        async with client.get("/v1/shelves/1/books?pageSize=5&like.title=E+m&like.labels[a]=b") as listed:
            assert listed.status == 200
        assert store.requests[-1].page_size == 5
        assert store.requests[-1].like == Book(title="E m", labels={"a": "b"})

    async def test_escapes_in_paths(self, client, store):
        async with client.get(self.raw(client, "/v1/shelves/1%2F2/books/a%20b")):
            assert store.requests[-1].name == "shelves/1%2F2/books/a b"
        async with client.get(self.raw(client, "/v1/scans/a%2Fb/%C3%A9")):
            assert store.requests[-1].path == "a%2Fb/é"

    def raw(self, client, path: str):
        return client._base_url.join(type(client._base_url)(path, encoded=True))

    @pytest.mark.parametrize("data", [None, b"", b"{}"])
    async def test_a_body_that_is_a_field_is_present_even_when_empty(self, client, store, data):
        headers = {"content-type": "application/json"}
        async with client.post("/v1/shelves/1/books?book_id=x", data=data, headers=headers) as made:
            assert made.status == 200
        assert store.requests[-1].HasField("book")

    @pytest.mark.parametrize(
        ("path", "begin"),
        [
            ("/v1/shelves/1/books?book_id=x", '{"title":"'),
            ("/bookstore.rest.v1.BookService/CreateBook", '{"bookId":"x","parent":"shelves/1","book":{"title":"'),
        ],
        ids=["REST", "Connect"],
    )
    async def test_a_large_body_does_not_hold_up_other_calls(self, store, monkeypatch, path, begin):
        threads = []

        def decoder(*args, **options):
            decode = json_codec.decoder(*args, **options)

            def noting(*args):
                threads.append(threading.current_thread())
                decode(*args)

            return noting

        monkeypatch.setattr(inbound, "decoder", decoder)
        monkeypatch.setattr(codec, "decoder", decoder)
        end = '"' + "}" * begin.count("{")
        headers = {"content-type": "application/json"}
        async with serve(store) as (_, (host, port)), aiohttp.ClientSession(f"http://{host}:{port}") as client:
            for size in (THREAD_BYTES, THREAD_BYTES + 1):
                title = "x" * (size - len(begin + end))
                async with client.post(path, data=begin + title + end, headers=headers) as made:
                    assert (await made.json())["title"] == title
        small, large = threads
        assert small is threading.current_thread()
        assert large is not small


class TestErrors:
    @pytest.mark.parametrize(
        "path", ["/", "/v1", "/v2/shelves/1/books", "/v1/shelves/1/books/", "/v1//shelves/1/books"]
    )
    async def test_no_such_path(self, client, path):
        async with client.get(path) as response:
            assert response.status == 404
            assert await reason_of(response) == "ROUTE_NOT_FOUND"
            assert response.headers["x-request-id"]

    async def test_a_wrong_method_names_the_right_ones(self, client):
        async with client.post(f"/v1/{EMMA}", json={}) as response:
            assert (response.status, response.headers["allow"]) == (405, "DELETE, GET, HEAD, OPTIONS, PATCH")
            assert (await status_of(response))["code"] == 12

    async def test_more_values_than_anybody_needs(self, client, store):
        headers = {"content-type": "application/json"}
        body = b'{"notes":{"a":[' + b"[]," * MAX_JSON_VALUES + b"[]]}}"
        async with client.post("/v1/shelves/1/books?book_id=x", data=BytesIO(body), headers=headers) as response:
            assert response.status == 413
            assert await reason_of(response) == "BODY_TOO_LARGE"
        assert store.requests == []

    async def test_method_overrides_are_not_followed(self, client):
        async with client.post(f"/v1/{EMMA}", headers={"x-http-method-override": "DELETE"}) as response:
            assert response.status == 405

    @pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
    async def test_another_content_type(self, client, store, content_type):
        headers = {"content-type": content_type}
        async with client.post(f"/v1/{EMMA}:sell", data=b"{}", headers=headers) as response:
            assert response.status == 415
        assert store.requests == []

    @pytest.mark.parametrize(
        "content_type", ["application/json; charset=utf-8", "Application/JSON", "application/a+json"]
    )
    async def test_json_by_its_other_names(self, client, content_type):
        headers = {"content-type": content_type}
        async with client.post(f"/v1/{EMMA}:sell", data=b"{}", headers=headers) as response:
            assert response.status == 200

    async def test_a_compressed_body(self, client):
        headers = {"content-encoding": "gzip", "content-type": "application/json"}
        async with client.post(f"/v1/{EMMA}:sell", data=b"\x1f\x8b", headers=headers) as response:
            assert response.status == 415

    async def test_a_body_that_is_no_json(self, client):
        headers = {"content-type": "application/json"}
        async with client.post(f"/v1/{EMMA}:sell", data=b"{", headers=headers) as response:
            assert response.status == 400
            assert await reason_of(response) == "JSON_INVALID"

    async def test_an_unknown_field(self, client):
        async with client.post("/v1/shelves/1/books", json={"titel": "x"}) as response:
            assert await violation_of(response) == "book.titel"

    async def test_an_unknown_parameter(self, client):
        async with client.get("/v1/shelves/1/books?page_sice=1") as response:
            assert await violation_of(response) == "page_sice"

    async def test_a_path_variable_of_the_wrong_kind(self, client):
        async with client.get("/v1/books/not-a-number") as response:
            assert await violation_of(response) == "isbn"

    @pytest.mark.parametrize("path", ["/v1/shelves/%zz/books", "/v1/shelves/%ff/books", "/v1/shelves/1/books?a=%c0%af"])
    async def test_a_broken_escape(self, client, path):
        url = client._base_url.join(type(client._base_url)(path, encoded=True))
        async with client.get(url) as response:
            assert response.status == 400
            assert await reason_of(response) == "REQUEST_MALFORMED"

    async def test_a_deadline_that_cannot_be_read(self, client, store):
        async with client.get(f"/v1/{EMMA}", headers={"grpc-timeout": "soon"}) as response:
            assert response.status == 400
        assert store.requests == []

    async def test_the_time_to_wait(self, client, store):
        store.error = TollwayError(Reason.REASON_STORE_UNAVAILABLE, retry_after=1.2)
        async with client.get(f"/v1/{EMMA}") as response:
            assert (response.status, response.headers["retry-after"]) == (503, "2")

    async def test_headers_declared_before_the_error_go_out_with_it(self, client, store):
        store.response_metadata = {"x-limit": "5"}
        async with client.get(f"/v1/{EMMA}") as response:
            assert (response.status, response.headers["x-limit"]) == (404, "5")

    async def test_a_defect_says_nothing_of_its_cause(self, client, store):
        store.error = RuntimeError("secret dsn")
        async with client.get(f"/v1/{EMMA}") as response:
            assert response.status == 500
            assert "secret" not in await response.text()

    @pytest.mark.parametrize("error", [None, TollwayError(Reason.REASON_PERMISSION_DENIED)])
    async def test_a_header_that_cannot_be_sent_is_a_defect_and_not_a_hole(self, client, store, caplog, error):
        store.response_metadata = {"x-evil": "a\r\nset-cookie: b"}
        store.error = error
        async with client.get("/v1/books/1") as response:
            assert response.status == 500
            assert "set-cookie" not in response.headers
            assert await reason_of(response) == "INTERNAL"
            assert response.headers["x-request-id"] in caplog.text


class TestOwnWords:
    """A service with an error body of its own speaks it from the path on, not only from its own code on."""

    async def words(self, client, method: str, **options) -> tuple[int, str, str]:
        async with client.request(method, "/kiosk/buy", **options) as response:
            return response.status, response.headers["content-type"], await response.text()

    async def test_in_answers(self, client, store):
        assert await self.words(client, "POST", data=b"gum") == (200, "text/plain", "sold: gum")
        store.error = TollwayError(Reason.REASON_PERMISSION_DENIED)
        assert await self.words(client, "POST") == (403, "text/x-kiosk", "no: PERMISSION_DENIED")

    async def test_before_the_call(self, client):
        assert await self.words(client, "GET") == (405, "text/x-kiosk", "no: METHOD_NOT_ALLOWED")
        assert await self.words(client, "POST", headers={"grpc-timeout": "x"}) == (
            400,
            "text/x-kiosk",
            "no: REQUEST_MALFORMED",
        )
        assert await self.words(client, "POST", params={"nonsense": "1"}) == (400, "text/x-kiosk", "no: FIELD_INVALID")
        compressed = {"content-encoding": "gzip"}
        assert (await self.words(client, "POST", data=b"x", headers=compressed))[0] == 415


class TestHttpBody:
    async def test_bytes_go_in_and_out_as_they_are(self, client, store):
        scan = bytes(range(256))
        async with client.put("/v1/scans/a/b", data=scan, headers={"content-type": "image/x; q=1"}) as put:
            assert put.status == 200
        assert store.requests[-1].content.data == scan
        assert store.requests[-1].content.content_type == "image/x; q=1"
        async with client.get("/v1/scans/a/b") as got:
            assert (got.headers["content-type"], await got.read()) == ("image/png", b"scan of a/b")

    async def test_bytes_in_a_field_of_the_answer(self, client):
        headers = {"content-type": "image/x"}
        async with client.post("/v1/scans/a:copy", data=b"scan", headers=headers) as copied:
            assert (copied.headers["content-type"], await copied.read()) == ("image/x", b"scan")

    async def test_an_empty_body_is_present(self, client, store):
        async with client.put("/v1/scans/a"):
            assert store.requests[-1].HasField("content")

    async def test_head_has_the_head_only(self, client):
        async with client.head("/v1/scans/a") as head:
            assert (head.status, head.headers["content-length"], await head.read()) == (200, "9", b"")


class TestMetadata:
    async def test_headers_in_and_out(self, client, store):
        store.response_metadata = {"x-till": "7", "content-type": "no", "x-request-id": "no"}
        headers = {
            "Authorization": "Bearer k",
            "Grpc-Metadata-Shelf": "1",
            "X-Request-Id": "mine",
            "X-Forwarded-For": "9.9.9.9",
        }
        async with client.get("/v1/books/1", headers=headers) as response:
            assert response.headers["x-till"] == "7"
            assert response.headers["content-type"] == "application/json"
            assert response.headers["x-request-id"] == store.calls[-1].id
            assert "server" not in response.headers
            date = datetime.strptime(response.headers["date"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
            assert abs((datetime.now(UTC) - date).total_seconds()) < 5
        call = store.calls[-1]
        assert call.metadata["authorization"] == "Bearer k"
        assert call.metadata["shelf"] == "1"
        assert call.metadata["x-request-id"] == "mine"
        assert (call.peer, call.door, call.deadline) == ("127.0.0.1", "rest", None)
        assert call.method == "/bookstore.rest.v1.BookService/GetBook"

    async def test_a_credential_in_the_query(self, client, store):
        async with client.get("/v1/books/1?key=k&alt=json") as response:
            assert response.status == 200
        assert store.calls[-1].metadata["query-key"] == "k"

    async def test_a_deadline_reaches_the_call(self, client, store):
        async with client.get("/v1/books/1", headers={"x-server-timeout": "30"}):
            assert 25 < store.calls[-1].remaining() < 30


class TestSwitches:
    async def test_metadata_as_grpc_gateway_sends_it(self, store):
        store.response_metadata, store.trailers = {"x-till": "7"}, {"x-cost": "3"}
        async with serve(store, like_grpc_gateway=True) as (_, address), connect(address) as connection:
            for path, status in (("/v1/books/1", 200), (f"/v1/{EMMA}", 404)):
                await connection.send(get(path))
                answer = await connection.response()
                assert (answer.status, answer.headers["grpc-metadata-x-till"]) == (status, "7")
                assert answer.headers["trailer"] == "grpc-trailer-x-cost"
                assert answer.trailers == ("grpc-trailer-x-cost: 3",)
                assert "x-till" not in answer.headers
            store.proceed.set()
            await connection.send(get("/v1/shelves/1:watch?count=1"))
            answer = await connection.response()
            assert (answer.headers["grpc-metadata-x-till"], len(answer.trailers)) == ("7", 1)

    async def test_unset_fields_are_printed(self, store):
        async with (
            serve(store) as (_, (host, port)),
            aiohttp.ClientSession(f"http://{host}:{port}") as client,
            client.get("/v1/books/1") as response,
        ):
            printed = json.loads(await response.read())
        assert printed["copiesSold"] == "0"
        assert printed["sequel"] is None

    async def test_unknown_fields_and_parameters_are_passed_over(self, store):
        async with (
            serve(store, ignore_unknown_fields=True) as (_, (host, port)),
            aiohttp.ClientSession(f"http://{host}:{port}") as client,
            client.post("/v1/shelves/1/books?beta=true", json={"titel": "x", "title": "y"}) as response,
        ):
            assert (await response.json())["title"] == "y"
