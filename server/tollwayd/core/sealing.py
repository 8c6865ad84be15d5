"""What stored secrets are sealed for. Whoever seals one and whoever opens it have to say the very same."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tollwayd.core.origin import Origin

__all__ = ["credential_context"]


def credential_context(provider: str, origin: Origin) -> tuple[str, str, str]:
    """What a provider's credential is sealed for: it opens for no other provider, and goes to no other host."""
    return provider, "api_key", str(origin)
