"""What a provider says of itself, without the gateway's own credential.

Some quote it when they refuse it. Dialects mask what looks like one (`json_body.public_text`); this one is known,
whatever it looks like.
"""

from __future__ import annotations

import re
from typing import Final

_SECRET_LETTERS: Final = 16
"""Providers' keys have more. Shorter ones are what somebody's own server is given, `EMPTY` or `ollama`: in an answer
these are words, and to mask them would tell a caller who has the model say one after the other which it is.
"""

# There are servers that put one which is null into every answer.
_find_error: Final = re.compile(rb'"error"\s*:\s*["{\[]').search


def unquoted(credential: str, said: bytes) -> bytes:
    """What was said with the credential masked."""
    return said.replace(credential.encode(), b"***") if credential else said


def unquoted_answer(credential: str, said: bytes) -> bytes:
    """The same for a whole answer, which may be an error: of a credential that is a word, errors alone are searched.

    A kilobyte costs 0.2 us, 400 KB 23.
    """
    masks = len(credential) >= _SECRET_LETTERS or (b'"error"' in said and _find_error(said) is not None)
    return unquoted(credential, said) if masks else said
