"""Etags over HTTP (RFC 9110, section 13; AIP-154): ETag in answers, If-None-Match on reads, If-Match on writes."""

from __future__ import annotations

import json

import pytest

from tests.apis.library import NAME, Library, reason_of, serve, served
from tests.wire.http1 import connect, get

PATH = f"/v1/{NAME}"


@pytest.fixture
async def library():
    return Library()


@pytest.fixture
async def client(library):
    async with served(library, print_unset=False) as client:
        yield client


class TestETag:
    @pytest.mark.parametrize("path", [PATH, f"{PATH}:find"])
    async def test_an_answer_that_has_an_etag_shows_it(self, client, path):
        async with client.get(path) as got:
            assert got.headers["etag"] == '"1"'
            assert (await got.json())["etag"] == '"1"'

    async def test_so_does_the_answer_of_a_write(self, client):
        async with client.patch(PATH, json={"displayName": "Art"}) as changed:
            assert changed.headers["etag"] == '"2"'

    @pytest.mark.parametrize(
        ("etag", "header"),
        [
            ("plain", '"plain"'),
            ('W/"weak"', 'W/"weak"'),
            ('""', '""'),
            ("", None),
            ("a b", None),
            ('a"b', None),
            ("a\r\nset-cookie: b", None),
            ("é", None),
        ],
    )
    async def test_it_is_quoted_and_left_out_where_http_cannot_hold_it(self, client, library, etag, header):
        library.shelves[NAME].etag = etag
        async with client.get(PATH) as got:
            assert (got.status, got.headers.get("etag")) == (200, header)
            assert "set-cookie" not in got.headers

    @pytest.mark.parametrize("path", ["/v1/shelves:count", f"{PATH}:watch", f"{PATH}:print"])
    async def test_other_answers_have_none(self, client, path):
        async with client.get(path) as got:
            assert (got.status, "etag" in got.headers) == (200, False)

    async def test_errors_have_none(self, client):
        async with client.get("/v1/shelves/2") as got:
            assert (got.status, "etag" in got.headers) == (404, False)


class TestIfNoneMatch:
    @pytest.mark.parametrize("value", ['"1"', 'W/"1"', '"0", "1"', '"0" , W/"1","2"', '"a,b", "1"', "*", ' "1"'])
    async def test_what_the_client_has_is_not_sent_again(self, library, value):
        async with serve(library) as address, connect(address) as connection:
            await connection.send(get(PATH, f"if-none-match: {value}", "te: trailers") + get("/v1/shelves:count"))
            head = await connection.head()
            assert (head.status, head.headers["etag"]) == (304, '"1"')
            assert head.headers["x-request-id"]
            assert head.headers.keys().isdisjoint({"content-type", "content-length", "transfer-encoding"})
            # Nothing but a next answer follows: a 304 has no body.
            assert json.loads((await connection.response()).body) == {"count": 1}

    async def test_a_304_has_no_trailers(self, library):
        library.trailers = {"cost": "1"}
        async with serve(library) as address, connect(address) as connection:
            await connection.send(get(PATH, "te: trailers") + get(PATH, "te: trailers", 'if-none-match: "1"'))
            assert (await connection.response()).trailers
            head = await connection.head()
            assert (head.status, "transfer-encoding" in head.headers, "trailer" in head.headers) == (304, False, False)

    @pytest.mark.parametrize("value", ['"2"', "1", '"1', "nonsense", '"2", W/"3"', ""])
    async def test_what_it_has_not_is_sent(self, client, value):
        async with client.get(PATH, headers={"if-none-match": value}) as got:
            assert (got.status, (await got.json())["displayName"]) == (200, "History")

    async def test_several_headers_are_one_list(self, library):
        async with serve(library) as address, connect(address) as connection:
            await connection.send(get(PATH, 'if-none-match: "0"', 'if-none-match: "1"'))
            assert (await connection.head()).status == 304

    async def test_an_answer_without_an_etag_is_sent(self, client, library):
        for path in ("/v1/shelves:count", f"{PATH}:watch"):
            async with client.get(path, headers={"if-none-match": "*"}) as got:
                assert got.status == 200
        library.shelves[NAME].etag = ""
        async with client.get(PATH, headers={"if-none-match": '""'}) as got:
            assert got.status == 200

    async def test_an_error_stays_one(self, client):
        async with client.get("/v1/shelves/2", headers={"if-none-match": "*"}) as got:
            assert got.status == 404

    async def test_on_a_write_it_is_refused_and_not_passed_over(self, client, library):
        async with client.patch(PATH, json={}, headers={"if-none-match": "*"}) as refused:
            assert (refused.status, await reason_of(refused)) == (412, "PRECONDITION_UNSUPPORTED")
        assert library.requests == []


class TestIfMatch:
    async def test_get_edit_patch(self, client):
        async with client.get(PATH) as got:
            shelf, etag = await got.json(), got.headers["etag"]
        shelf["displayName"] = "Art"
        async with client.patch(PATH, json=shelf, headers={"if-match": etag}) as changed:
            assert (changed.status, changed.headers["etag"]) == (200, '"2"')
        async with client.patch(PATH, json={"displayName": "x"}, headers={"if-match": etag}) as stale:
            assert (stale.status, await reason_of(stale)) == (412, "ETAG_MISMATCH")
            assert (await stale.json())["code"] == 10
        async with client.get(PATH) as got:
            assert (await got.json())["displayName"] == "Art"

    @pytest.mark.parametrize(
        ("method", "path", "body", "field"),
        [
            ("PATCH", PATH, {}, "shelf.etag"),
            ("PUT", PATH, {}, "shelf.etag"),
            ("DELETE", PATH, None, "etag"),
            ("POST", f"{PATH}:delete", {}, "etag"),
        ],
    )
    async def test_it_becomes_the_requests_etag(self, client, library, method, path, body, field):
        async with client.request(method, path, json=body, headers={"if-match": '"9"'}) as stale:
            assert (stale.status, await reason_of(stale)) == (412, "ETAG_MISMATCH")
        request = library.requests[-1]
        assert (request.shelf.etag if field == "shelf.etag" else request.etag) == '"9"'
        async with client.request(method, path, json=body, headers={"if-match": '"1"'}) as done:
            assert done.status == 200

    async def test_an_etag_in_the_request_itself_is_409(self, client):
        async with client.patch(PATH, json={"etag": '"9"'}) as stale:
            assert (stale.status, await reason_of(stale)) == (409, "ETAG_MISMATCH")
        async with client.delete(PATH, params={"etag": '"9"'}) as stale:
            assert stale.status == 409
        async with client.patch(PATH, json={"etag": '"9"'}, headers={"if-match": "*"}) as stale:
            assert stale.status == 409

    async def test_both_have_to_agree(self, client, library):
        async with client.patch(PATH, json={"etag": '"1"'}, headers={"if-match": '"1"'}) as changed:
            assert changed.status == 200
        async with client.patch(PATH, json={"etag": '"1"'}, headers={"if-match": '"2"'}) as refused:
            assert (refused.status, await reason_of(refused)) == (400, "FIELD_INVALID")
            assert (await refused.json())["details"][1]["fieldViolations"][0]["field"] == "shelf.etag"
        async with client.delete(PATH, params={"etag": '"1"'}, headers={"if-match": '"2"'}) as refused:
            assert refused.status == 400
        assert len(library.requests) == 1

    async def test_any_version_will_do_if_there_is_one(self, client, library):
        async with client.patch(PATH, json={"displayName": "Art"}, headers={"if-match": "*"}) as changed:
            assert changed.status == 200
        assert library.requests[-1].shelf.etag == ""
        async with client.patch("/v1/shelves/2", json={}, headers={"if-match": "*"}) as missing:
            assert missing.status == 404

    @pytest.mark.parametrize("value", ['W/"1"', 'W/"1", W/"2"'])
    async def test_weak_ones_match_nothing(self, client, library, value):
        async with client.patch(PATH, json={}, headers={"if-match": value}) as refused:
            assert (refused.status, await reason_of(refused)) == (412, "ETAG_MISMATCH")
        assert library.requests == []

    async def test_of_a_list_the_one_that_can_match_counts(self, client, library):
        async with client.patch(PATH, json={}, headers={"if-match": 'W/"7", "1", "1"'}) as changed:
            assert changed.status == 200
        async with client.patch(PATH, json={}, headers={"if-match": '"1", "2"'}) as refused:
            assert (refused.status, await reason_of(refused)) == (412, "PRECONDITION_UNSUPPORTED")
            assert "one etag" in (await refused.json())["message"]
        assert len(library.requests) == 1

    @pytest.mark.parametrize("value", ["1", '"1', '"1" "2"', "", ",", '*, "1"', '"1\t"'])
    async def test_what_is_no_list_of_etags_is_refused(self, client, library, value):
        for method in ("PATCH", "GET"):
            async with client.request(method, PATH, headers={"if-match": value}) as refused:
                assert (refused.status, await reason_of(refused)) == (400, "REQUEST_MALFORMED")
                assert "If-Match" in (await refused.json())["message"]
        assert library.requests == []

    async def test_a_method_without_an_etag_refuses_it(self, client, library):
        for method, path in (("POST", f"/v1/dust/{NAME}"), ("GET", "/v1/shelves:count"), ("GET", f"{PATH}:watch")):
            async with client.request(method, path, headers={"if-match": '"1"'}) as refused:
                assert (refused.status, await reason_of(refused)) == (412, "PRECONDITION_UNSUPPORTED")
        assert library.requests == []
        async with client.post(f"/v1/dust/{NAME}", headers={"if-match": "*"}) as done:
            assert done.status == 200

    @pytest.mark.parametrize(
        ("value", "status"), [('"1"', 200), ('"0", "1"', 200), ("*", 200), ('"2"', 412), ('W/"1"', 412)]
    )
    async def test_on_a_read_the_answer_has_to_have_it(self, client, value, status):
        async with client.get(PATH, headers={"if-match": value}) as got:
            assert got.status == status
            if status == 412:
                assert await reason_of(got) == "ETAG_MISMATCH"

    async def test_on_a_read_it_comes_before_if_none_match(self, client):
        async with client.get(PATH, headers={"if-match": '"2"', "if-none-match": '"1"'}) as got:
            assert got.status == 412
        async with client.get(PATH, headers={"if-match": '"1"', "if-none-match": '"1"'}) as got:
            assert got.status == 304

    async def test_dates_are_not_what_versions_are_told_by(self, client):
        old = "Sat, 29 Oct 1994 19:43:31 GMT"
        async with client.get(PATH, headers={"if-modified-since": old, "if-unmodified-since": old}) as got:
            assert got.status == 200
