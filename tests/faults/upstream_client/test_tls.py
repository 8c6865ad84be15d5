from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import ssl
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.faults.upstream_client.scripted import OK, STREAM, Peer, until
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.upstream.connect import default_tls
from tollwayd.upstream.egress import EgressRules

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HOST = "api.example.com"


class Authority:
    """A certificate authority of our own, and servers that it has certified for one name or address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self._certificate = self._sign(self._name, self._key, x509.BasicConstraints(ca=True, path_length=0))

    def trusting(self) -> ssl.SSLContext:
        """What a client has that trusts this authority."""
        context = default_tls()
        context.load_verify_locations(cadata=self._certificate.public_bytes(serialization.Encoding.PEM).decode())
        return context

    def serving(self, host: str, *, days: int = 1) -> ssl.SSLContext:
        """What a server has that is certified for a host."""
        try:
            subject: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            subject = x509.DNSName(host)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(x509.Name([]), key, x509.SubjectAlternativeName([subject]), days)
        path = self._folder / "server.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType, days: int = 1
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=10))
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(extension, critical=True)
            .sign(self._key, hashes.SHA256())
        )


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def rules() -> EgressRules:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    return EgressRules(["127.0.0.0/8"], resolve=resolve)


async def answers(peer: Peer) -> None:
    while True:
        await peer.answer()


async def test_the_name_is_asked_for_and_checked_though_the_address_is_pinned(
    start, new_client, ask, authority, rules
) -> None:
    names = []
    serving = authority.serving(HOST)
    serving.sni_callback = lambda _socket, name, _context: names.append(name)
    serving.set_alpn_protocols(["h2", "http/1.1"])
    provider = await start(answers, tls=serving)
    client = new_client(rules, ssl_context=authority.trusting())
    for _ in range(3):
        assert await (await ask(client, provider.origin._replace(host=HOST))).read() == b"hello"
    assert names == [HOST]
    assert provider.connections == 1


async def test_an_address_is_checked_as_one(start, new_client, ask, authority, rules) -> None:
    provider = await start(answers, tls=authority.serving("127.0.0.1"))
    client = new_client(rules, ssl_context=authority.trusting())
    assert await (await ask(client, provider.origin)).read() == b"hello"


@pytest.mark.parametrize(
    "certificate",
    [("other.example.com", 1, True), ("example.com", 1, True), (HOST, 1, False), (HOST, -1, True)],
    ids=["other name", "parent name", "unknown authority", "expired"],
)
async def test_a_certificate_that_is_not_the_hosts_is_refused(
    *, start, new_client, ask, authority, rules, certificate
) -> None:
    seen = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.answer())

    certified, days, trusted = certificate
    provider = await start(script, tls=authority.serving(certified, days=days))
    client = new_client(rules, ssl_context=authority.trusting() if trusted else None)
    with pytest.raises(TollwayError, match="certificate") as caught:
        await ask(client, provider.origin._replace(host=HOST))
    assert caught.value.reason == Reason.REASON_UPSTREAM_UNREACHABLE
    assert not seen
    await until(lambda: client.open_connections == 0)


async def test_a_provider_that_speaks_no_tls_is_unreachable(start, new_client, ask, rules) -> None:
    async def script(peer: Peer) -> None:
        await peer.send(OK)
        await peer.left()

    provider = await start(script)
    with pytest.raises(TollwayError, match="TLS") as caught:
        await ask(new_client(rules), provider.origin._replace(scheme="https"))
    assert caught.value.reason == Reason.REASON_UPSTREAM_UNREACHABLE


def test_old_versions_of_tls_are_off() -> None:
    assert default_tls().minimum_version == ssl.TLSVersion.TLSv1_2
    assert default_tls().check_hostname
    assert default_tls().verify_mode == ssl.CERT_REQUIRED


async def test_a_cancelled_caller_leaves_over_tls_at_once(start, new_client, ask, authority, rules) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(STREAM + b"5\r\nhello\r\n")
        await peer.left()
        left.set()

    left = asyncio.Event()
    provider = await start(script, tls=authority.serving(HOST))
    response = await ask(new_client(rules, ssl_context=authority.trusting()), provider.origin._replace(host=HOST))
    assert await anext(response) == b"hello"
    reading = asyncio.ensure_future(anext(response))
    await asyncio.sleep(0)
    reading.cancel()
    async with asyncio.timeout(0.1):
        await left.wait()


async def test_a_slow_reader_slows_the_provider_down_over_tls(start, new_client, ask, authority, rules) -> None:
    size = 20_000_000

    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + bytes(size))
        await peer.answer()

    provider = await start(script, tls=authority.serving(HOST))
    client = new_client(rules, ssl_context=authority.trusting())
    origin = provider.origin._replace(host=HOST)
    pieces = []
    async for piece in await ask(client, origin):
        pieces.append(len(piece))
        for _ in range(20):
            await asyncio.sleep(0)
    assert sum(pieces) == size
    assert max(pieces) <= 1024 * 1024
    assert await (await ask(client, origin)).read() == b"hello"
    assert provider.connections == 1


@pytest.mark.asyncio(loop_factories=["uvloop"])
async def test_an_answer_cut_off_under_tls_is_not_whole(start, new_client, ask, authority, rules) -> None:
    # Anyone on the path can end a TCP connection; only the provider can end a TLS one (close_notify). asyncio's own
    # loop does not tell the two apart.
    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.0 200 OK\r\n\r\nhello")
        peer.writer.transport.abort()

    provider = await start(script, tls=authority.serving(HOST))
    client = new_client(rules, ssl_context=authority.trusting())
    response = await ask(client, provider.origin._replace(host=HOST))
    with pytest.raises(TollwayError) as caught:
        await response.read()
    assert caught.value.reason == Reason.REASON_UPSTREAM_INTERRUPTED


async def test_an_answer_may_end_with_its_tls_connection(start, new_client, ask, authority, rules) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.0 200 OK\r\n\r\nhello")

    provider = await start(script, tls=authority.serving(HOST))
    client = new_client(rules, ssl_context=authority.trusting())
    assert await (await ask(client, provider.origin._replace(host=HOST))).read() == b"hello"
