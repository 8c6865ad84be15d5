"""Where a provider is."""

from __future__ import annotations

from typing import NamedTuple

DEFAULT_PORTS = {"http": 80, "https": 443}
"""The schemes that providers are called by, and the port of each where the URL names none."""


class Origin(NamedTuple):
    """A scheme, host and port (RFC 6454): what connections are pooled by, and what a credential is sealed for.

    `host` is in its one canonical spelling: lower case, IDNs as A-labels, IP addresses as `ipaddress` writes them and
    IPv6 without brackets. `upstream.origin.parse_base_url` makes it so.
    """

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """The `Host` header's value: the port only where it is not the scheme's own (RFC 9112, section 3.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS.get(self.scheme) else f"{host}:{self.port}"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"
