"""What a provider says of itself, without the gateway's own credential.

Some quote it when they refuse it. Dialects mask what looks like one (`json_body.public_text`); this one is known,
whatever it looks like.
"""

from __future__ import annotations


def unquoted(credential: str, said: bytes) -> bytes:
    """What was said with the credential masked."""
    return said.replace(credential.encode(), b"***") if credential else said
