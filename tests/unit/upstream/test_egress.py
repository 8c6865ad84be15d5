from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.upstream import egress
from tollwayd.upstream.egress import EgressRules
from tollwayd.upstream.origin import parse_base_url

if TYPE_CHECKING:
    from collections.abc import Sequence

PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:808:808::1",
    "3ffe::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "198.17.255.255",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2001:4860:4860::8888",
    "2606:4700::6810:1234",
    "2a00:1450:4001:82f::200a",
]

SPELLINGS = [
    "http://127.0.0.1",
    "http://2130706433",
    "http://017700000001",
    "http://0x7f000001",
    "http://0x7f.1",
    "http://0x7F.0x0.0x0.0x1",
    "http://0177.0.0.1",
    "http://0177.0x0.1",
    "http://127.1",
    "http://127.0.1",
    "http://127.0.0.1.",
    "http://0",
    "http://0.0.0.0:8080",
    "http://１２７.０.０.１",
    "http://127．0．0．1",
    "http://127。0。0。1",
    "http://①②⑦.⓪.⓪.①",
    "http://２１３０７０６４３３",
    "http://0ｘ7f.1",
    "http://0x7f\u00ad.1",
    "http://169.254.169.254/latest/meta-data",
    "http://2852039166",
    "http://0xa9fea9fe",
    "http://[::]",
    "http://[::1]:8080",
    "http://[0:0:0:0:0:0:0:1]",
    "http://[::ffff:127.0.0.1]",
    "http://[::FFFF:7F00:1]",
    "http://[64:ff9b::a9fe:a9fe]",
    "http://[2002:a9fe:a9fe::]",
    "http://[fd00:ec2::254]",
    "https://LOCALHOST",
    "https://localhost.",
    "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "https://lo\u00adcalhost",
    "https://ｌｏｃａｌｈｏｓｔ",
]


async def localhost(host: str, port: int) -> Sequence[str]:
    """Knows one name."""
    return ["127.0.0.1"] if host == "localhost" else []


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_of_the_public_internet_is_refused(address: str) -> None:
    assert not EgressRules().allows(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert EgressRules().allows(address)


@pytest.mark.parametrize("url", SPELLINGS)
async def test_no_spelling_of_a_private_host_can_be_stored(url: str) -> None:
    with pytest.raises(TollwayError) as caught:
        await EgressRules(resolve=localhost).judge_url(url)
    assert caught.value.reason == Reason.REASON_EGRESS_DENIED
    assert "TOLLWAY_EGRESS_ALLOW" in caught.value.message


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("127.0.0.1", "127.0.0.0/8"),
        ("::ffff:127.0.0.1", "127.0.0.0/8"),
        ("10.1.2.3", "10.0.0.0/8"),
        ("64:ff9b::10.1.2.3", "10.0.0.0/8"),
        ("fd12::1", "fd00::/8"),
        ("2002:808:808::1", "2002::/16"),
    ],
)
def test_the_operators_networks_are_the_only_exception(address: str, network: str) -> None:
    assert not EgressRules(["192.168.0.0/16", "fe80::/10"]).allows(address)
    assert EgressRules(["192.168.0.0/16", network]).allows(address)


@pytest.mark.parametrize("text", ["localhost", "10.0.0.0/33", "10.0.0.1/8", ""])
def test_an_allowed_network_that_is_none_stops_the_start(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not appear to be|has host bits set"):
        EgressRules([text])


@pytest.mark.parametrize("port", [22, 25, 2375, 2379, 3306, 5432, 6379, 11211])
async def test_a_port_of_another_protocol_is_refused_on_allowed_networks_too(port: int) -> None:
    with pytest.raises(TollwayError, match="port") as caught:
        await EgressRules(["10.0.0.0/8"]).judge_url(f"http://10.0.0.1:{port}")
    assert caught.value.reason == Reason.REASON_EGRESS_DENIED


async def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["8.8.8.8", "2001:4860:4860::8888", "10.0.0.7"]

    with pytest.raises(TollwayError) as caught:
        await EgressRules(resolve=resolve).judge_url("https://api.example.com")
    assert caught.value.reason == Reason.REASON_EGRESS_DENIED
    assert "10.0.0.7" not in f"{caught.value} {caught.value.metadata}"


async def test_a_name_of_public_addresses_passes_and_keeps_their_order() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        assert (host, port) == ("api.example.com", 8443)
        return ["8.8.8.8", "1.1.1.1"]

    rules = EgressRules(resolve=resolve)
    await rules.judge_url("https://API.example.com.:8443/v1")
    origin = parse_base_url("https://api.example.com:8443").origin
    assert await rules.addresses(origin) == ["8.8.8.8", "1.1.1.1"]


@pytest.mark.parametrize("failure", [OSError("no such name"), UnicodeError("label"), None])
async def test_a_name_that_does_not_resolve_can_be_stored_but_not_called(failure: Exception | None) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        if failure is not None:
            raise failure
        return []

    rules = EgressRules(resolve=resolve)
    await rules.judge_url("https://later.example.com")
    with pytest.raises(TollwayError, match="does not resolve") as caught:
        await rules.addresses(parse_base_url("https://later.example.com").origin)
    assert caught.value.reason == Reason.REASON_UPSTREAM_UNREACHABLE


async def test_a_name_server_that_does_not_answer_does_not_hold_up_a_write(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(egress, "LOOKUP_SECONDS", 0.05)
    async with asyncio.timeout(2):
        await EgressRules(resolve=resolve).judge_url("https://slow.example.com")


async def test_the_systems_resolver_is_the_default() -> None:
    with pytest.raises(TollwayError) as caught:
        await EgressRules().judge_url("http://localhost:8000")
    assert caught.value.reason == Reason.REASON_EGRESS_DENIED


async def test_what_is_no_base_url_is_refused_as_one() -> None:
    with pytest.raises(TollwayError) as caught:
        await EgressRules().judge_url("file:///etc/passwd")
    assert caught.value.reason == Reason.REASON_FIELD_INVALID
