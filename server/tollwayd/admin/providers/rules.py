"""What a provider has to be before it is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tollwayd.admin.providers.credential import put_away
from tollwayd.core.errors import TollwayError, invalid_field
from tollwayd.upstream.origin import parse_base_url

if TYPE_CHECKING:
    from collections.abc import Collection

    from tollway.config.v1.records_pb2 import ProviderRecord
    from tollwayd.admin.vault import Vault
    from tollwayd.core.origin import Origin

__all__ = ["EgressJudge", "ProviderRules"]


class EgressJudge(Protocol):
    """Says which addresses the gateway may call. `upstream.egress.EgressRules` is one."""

    async def judge_url(self, base_url: str) -> None:
        """REASON_FIELD_INVALID where this is no base URL, REASON_EGRESS_DENIED where it must not be called."""
        ...


class ProviderRules:
    """Judges providers, and puts their credentials away. `dialects` are the names of those that the gateway speaks."""

    def __init__(self, vault: Vault, dialects: Collection[str], egress: EgressJudge) -> None:
        self._vault = vault
        self._dialects = dialects
        self._egress = egress

    async def admit(self, before: ProviderRecord | None, after: ProviderRecord) -> str:
        """The rules of a `Collection`. REASON_FIELD_INVALID, REASON_EGRESS_DENIED."""
        if after.provider.dialect not in self._dialects:
            spoken = ", ".join(sorted(self._dialects))
            raise invalid_field("provider.dialect", f"is none that this gateway speaks: {spoken}")
        earlier = None if before is None else _origin(before.provider.base_url)
        origin = _origin(after.provider.base_url)
        # Rules that the operator has tightened since must not keep the provider from being changed otherwise.
        if before is None or before.provider.base_url != after.provider.base_url:
            await self._egress.judge_url(after.provider.base_url)
        put_away(self._vault, before, after, origin, moved=earlier != origin)
        return ""


def _origin(base_url: str) -> Origin:
    try:
        return parse_base_url(base_url).origin
    except TollwayError as error:
        raise invalid_field("provider.baseUrl", error.violations[0].description) from None
