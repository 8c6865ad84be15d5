"""The pages beside the API: the OpenAPI document, and the page to read it with, in a real browser."""

from __future__ import annotations

import json
import re
from urllib.request import Request, urlopen

import pytest

from tests.running.browser import Browser, find_chromium
from tests.running.gateway import ADMIN_KEY, ROOT, send

LISTENERS = {"admin_http": "tollway-admin", "proxy_http": "tollway-proxy"}
EXAMPLES = {"admin_http": "tenants/acme", "proxy_http": "What is a tollway?"}
SHOWN = "document.body.innerText + [...document.querySelectorAll('textarea')].map(each => each.value).join()"
STATUS = ".live-responses-table .response .response-col_status"
ASSETS = ("/docs", "/docs/start.js", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css", "/openapi.json")

chromium = pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed (Debian: chromium)")


@pytest.fixture(params=LISTENERS)
def listener(request):
    return request.param


@pytest.fixture
def url(gateway, listener):
    return gateway.url(listener)


def test_a_port_serves_its_own_document_to_anybody(url, listener):
    with urlopen(f"{url}/openapi.json", timeout=10) as response:
        content = response.read()

    assert response.headers["content-type"] == "application/json"
    assert content == (ROOT / "gen" / "openapi" / f"{LISTENERS[listener]}.json").read_bytes()
    assert "servers" not in json.loads(content)  # So that it is tried where it was read.


@pytest.mark.parametrize("path", ASSETS)
def test_a_page_says_what_a_browser_may_do_with_it(url, path):
    with urlopen(Request(url + path, method="HEAD"), timeout=10) as response:
        assert response.read() == b""
        headers = response.headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert int(headers["content-length"]) > 100


@pytest.mark.parametrize("path", ASSETS)
def test_a_page_at_hand_is_not_sent_again(url, path):
    with urlopen(url + path, timeout=10) as response:
        etag = response.headers["etag"]

    assert send(Request(url + path, headers={"If-None-Match": etag})) == (304, b"")


def test_the_page_loads_nothing_but_what_comes_with_it(url):
    with urlopen(f"{url}/docs", timeout=10) as response:
        page = response.read().decode()
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)

    assert {f"/{path}" for path in loaded if path != "data:,"} == set(ASSETS) - {"/docs"}
    assert not re.search(r"<script(?![^>]*src=)|style=|<style|\son\w+=", page)


@chromium
async def test_the_page_shows_the_document_and_breaks_no_rule(url, listener, tmp_path):
    document = json.loads((ROOT / "gen" / "openapi" / f"{LISTENERS[listener]}.json").read_text())
    operations = sum(len(item) for item in document["paths"].values())
    async with Browser(tmp_path) as browser:
        await browser.open(f"{url}/docs")
        await browser.wait_for(f"document.querySelectorAll('.opblock').length === {operations}")
        for verb in ("get", "post"):
            await browser.click(f".opblock-{verb} .opblock-summary-control")
            await browser.wait_for(f"document.querySelector('.opblock-{verb} .responses-table')")

        assert await browser.value("document.title") == document["info"]["title"]
        assert EXAMPLES[listener] in await browser.value(SHOWN)
        assert browser.complaints == []
        assert set(browser.requests) == {url + path for path in ASSETS}


@chromium
async def test_a_key_is_entered_once_and_calls_are_tried_with_it(gateway, tmp_path):
    url = gateway.url("admin_http")
    async with Browser(tmp_path) as browser:
        await browser.open(f"{url}/docs")
        await browser.click("#operations-TenantService-TenantService_ListTenants .opblock-summary-control")
        await browser.click(".auth-wrapper .authorize")
        await browser.type(".auth-container input", ADMIN_KEY)
        await browser.click(".auth-btn-wrapper .authorize")
        await browser.click(".auth-btn-wrapper .btn-done")
        await browser.click(".opblock.is-open .execute")
        await browser.wait_for(f"document.querySelector('{STATUS}')?.innerText.startsWith('200')")

        assert browser.complaints == []
        assert [request for request in browser.requests if not request.startswith(url)] == []
