from __future__ import annotations

import pytest

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.origin import Origin
from tollwayd.upstream.origin import MAX_URL_CHARS, parse_base_url

ONE_HOST_EACH = {
    "https://api.openai.com/v1": ("https://api.openai.com:443", "/v1"),
    "https://api.openai.com": ("https://api.openai.com:443", ""),
    "https://api.openai.com/": ("https://api.openai.com:443", ""),
    "https://api.openai.com/v1//": ("https://api.openai.com:443", "/v1"),
    "HTTPS://API.OpenAI.com./v1/": ("https://api.openai.com:443", "/v1"),
    "https://api.openai.com:443/v1": ("https://api.openai.com:443", "/v1"),
    "http://llm.internal:8000/v1": ("http://llm.internal:8000", "/v1"),
    "http://vllm_7b:8000": ("http://vllm_7b:8000", ""),
    "https://x.openai.azure.com/openai/deployments/gpt-4o": (
        "https://x.openai.azure.com:443",
        "/openai/deployments/gpt-4o",
    ),
    "https://bücher.example/a%20b/@c:d": ("https://xn--bcher-kva.example:443", "/a%20b/@c:d"),
    "https://faß.example": ("https://xn--fa-hia.example:443", ""),
    "https://ＡＰＩ．ｅｘａｍｐｌｅ．ｃｏｍ": ("https://api.example.com:443", ""),
    "https://a\u00adpi.bücher.example": ("https://api.xn--bcher-kva.example:443", ""),
    "https://xn--bcher-kva.example": ("https://xn--bcher-kva.example:443", ""),
    "https://[2606:4700:0:0::6810:1234]:8443/v1": ("https://[2606:4700::6810:1234]:8443", "/v1"),
    "https://[2606:4700::6810:ABCD]": ("https://[2606:4700::6810:abcd]:443", ""),
    "http://2130706433/": ("http://127.0.0.1:80", ""),
    "http://127.1/": ("http://127.0.0.1:80", ""),
    "http://0X7f.1/": ("http://127.0.0.1:80", ""),
    "http://0177.0.0.1/": ("http://127.0.0.1:80", ""),
    "http://１２７.０.０.１/": ("http://127.0.0.1:80", ""),
    "http://127。0。0。1/": ("http://127.0.0.1:80", ""),
    "http://①②⑦.1/": ("http://127.0.0.1:80", ""),
    "http://127.0.0.1./": ("http://127.0.0.1:80", ""),
}

NO_BASE_URL = [
    "",
    "api.openai.com",
    "//api.openai.com",
    "https:/api.openai.com",
    "https://",
    "https:///v1",
    "ftp://example.com",
    "file:///etc/passwd",
    "gopher://example.com",
    "unix:/var/run/docker.sock",
    "unix://var/run/docker.sock",
    "javascript:alert(1)",
    "https://user@example.com",
    "https://user:secret@example.com",
    "https://@example.com",
    "https://example.com@127.0.0.1",
    "https://example.com#@127.0.0.1",
    "https://example.com/#fragment",
    "https://example.com?query=1",
    "https://example.com/v1?query",
    "https://example.com\\@127.0.0.1",
    "https:\\\\example.com",
    "https://example.com/a\\b",
    "https://example.com/v1 HTTP/1.1",
    "https://exa mple.com",
    " https://example.com",
    "https://example.com ",
    "https://example.com\n",
    "https://exam\tple.com",
    "https://example.com/\r\nx-evil: 1",
    "https://example.com/\x00",
    "https://example.com/\x7f",
    "https://exam\x00ple.com",
    "https://exam\u2028ple.com",
    "https://%31%32%37.0.0.1",
    "https://example%2ecom",
    "https://example.com/v1/é",
    "https://example.com/..",
    "https://example.com/v1/../admin",
    "https://example.com/%2e%2E/admin",
    "https://example.com/./v1",
    "https://example.com:",
    "https://example.com:0",
    "https://example.com:65536",
    "https://example.com:+443",
    "https://example.com:４４３",
    "https://example.com:443:443",
    "https://.example.com",
    "https://example..com",
    "https://example.com..",
    "https://-example.com",
    "https://example-.com",
    "https://exam!ple.com",
    "https://" + "a" * 64 + ".com",
    "https://" + "a." * 126 + "com",
    "https://" + "é" * 254 + ".com",
    "https://℀.example.com",
    "https://a\u200db.example.com",
    "https://256.256.256.256",
    "https://1.2.3.4.5",
    "https://08.8.8.8",
    "https://4294967296",
    "https://example.0x7f",
    "https://example.1",
    "https://[::1",
    "https://::1",
    "https://[]",
    "https://[1.2.3.4]",
    "https://[fe80::1%25eth0]",
    "https://[fe80::1%eth0]",
    "https://[::1]x",
]


@pytest.mark.parametrize(("text", "expected"), ONE_HOST_EACH.items())
def test_every_spelling_of_a_host_gives_one_origin(text: str, expected: tuple[str, str]) -> None:
    base_url = parse_base_url(text)
    assert (str(base_url.origin), base_url.path) == expected


@pytest.mark.parametrize("text", NO_BASE_URL)
def test_what_two_parsers_could_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(TollwayError) as caught:
        parse_base_url(text)
    assert caught.value.reason == Reason.REASON_FIELD_INVALID
    assert [violation.field for violation in caught.value.violations] == ["baseUrl"]


def test_the_refusal_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(TollwayError) as caught:
        parse_base_url("https://admin:canary-secret@example.com")
    assert "canary" not in str(caught.value)


def test_the_length_has_an_end() -> None:
    longest = "https://example.com/".ljust(MAX_URL_CHARS, "a")
    assert parse_base_url(longest).path == "/" + "a" * (MAX_URL_CHARS - 20)
    with pytest.raises(TollwayError, match="too long"):
        parse_base_url(longest + "a")


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        (Origin("https", "api.example.com", 443), "api.example.com"),
        (Origin("http", "api.example.com", 80), "api.example.com"),
        (Origin("https", "api.example.com", 80), "api.example.com:80"),
        (Origin("http", "127.0.0.1", 8000), "127.0.0.1:8000"),
        (Origin("https", "::1", 443), "[::1]"),
        (Origin("https", "::1", 8443), "[::1]:8443"),
    ],
)
def test_the_host_header_names_only_unusual_ports(origin: Origin, authority: str) -> None:
    assert origin.authority == authority
