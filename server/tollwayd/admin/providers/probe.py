"""Asks a provider for its models, the way calls would reach it, and says in plain words how that went."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Final

from tollway.admin.v1.providers_pb2 import TestProviderResponse
from tollwayd.core.errors import TollwayError
from tollwayd.core.sealing import credential_context
from tollwayd.core.timeouts import Timeouts
from tollwayd.upstream.client import request_head
from tollwayd.upstream.origin import parse_base_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tollway.config.v1.records_pb2 import ProviderRecord
    from tollwayd.core.dialect import ProviderDialect
    from tollwayd.core.ports import Keys
    from tollwayd.upstream.client import HttpClient, HttpResponse

__all__ = ["ProviderProbe"]

MAX_SECONDS: Final = 30.0
"""Of a test: somebody waits for it, and a model list takes no time to generate."""

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
"""Of a model list; OpenRouter's, the longest known, has half a megabyte."""

MAX_MODELS: Final = 1000
"""As the proto says of `TestProviderResponse.models`."""

_OK: Final = 200


class _Failed(Exception):  # noqa: N818  # A test that fails is an answer.
    """The provider fails the test; `problem` is public."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class ProviderProbe:
    """Tests providers over the HTTP client that calls use, so under the same egress rules."""

    def __init__(self, client: HttpClient, dialects: Mapping[str, ProviderDialect], keys: Keys) -> None:
        self._client = client
        self._dialects = dialects
        self._keys = keys

    async def probe(self, record: ProviderRecord) -> TestProviderResponse:
        """How the provider does; whatever goes wrong with it is in the answer, without a word of what it said itself:
        that may quote the credential."""
        answer = TestProviderResponse()
        started = monotonic()
        try:
            answer.models.extend(await self._ask(record, answer))
            answer.ok = True
        except _Failed as failed:
            answer.problem = failed.problem
        except TollwayError as error:
            answer.problem = error.message
        answer.latency.FromNanoseconds(round((monotonic() - started) * 1e9))
        return answer

    async def _ask(self, record: ProviderRecord, answer: TestProviderResponse) -> list[str]:
        provider = record.provider
        dialect = self._dialects.get(provider.dialect)
        if dialect is None:
            raise _Failed("This gateway does not speak the provider's dialect.")
        origin, path = parse_base_url(provider.base_url)
        credential = self._unseal(record, credential_context(provider.name, origin))
        head = request_head("GET", origin, path + dialect.models_path, dialect.headers(credential))
        response = await self._client.send(origin, head, b"", timeouts=_shortened(Timeouts.of(provider.timeouts)))
        answer.http_status = response.status
        return await _models(dialect, response)

    def _unseal(self, record: ProviderRecord, context: tuple[str, ...]) -> str:
        if not record.HasField("api_key"):
            return ""
        try:
            return self._keys.unseal(record.api_key, context)
        except ValueError:
            raise _Failed("The stored credential cannot be opened with this gateway's keys. Send it again.") from None


async def _models(dialect: ProviderDialect, response: HttpResponse) -> list[str]:
    body = await response.read(MAX_BODY_BYTES)
    try:
        if response.status != _OK:
            raise dialect.read_error(response.status, response.headers, body)
        return dialect.read_models(body)[:MAX_MODELS]
    except TollwayError as error:
        # The reason's own text: the error's message may hold what the provider said.
        raise _Failed(error.rule.text) from None


def _shortened(timeouts: Timeouts) -> Timeouts:
    return Timeouts(
        min(timeouts.connect, MAX_SECONDS),
        min(timeouts.first_byte, MAX_SECONDS),
        min(timeouts.idle, MAX_SECONDS),
        min(timeouts.total, MAX_SECONDS),
    )
