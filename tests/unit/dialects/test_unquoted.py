"""Where the gateway's own credential is masked, and where a word that happens to be one is left."""

from __future__ import annotations

import pytest

from tollwayd.dialects.unquoted import unquoted_answer

SECRET = "my.own.credential"


@pytest.mark.parametrize(
    ("credential", "said", "passes"),
    [
        (SECRET, b'{"content":"my.own.credential!"}', b'{"content":"***!"}'),
        (SECRET, b'{"error":{"message":"my.own.credential"}}', b'{"error":{"message":"***"}}'),
        # What servers of one's own are given for a key, as clients want one.
        ("EMPTY", b'{"content":"EMPTY"}', b'{"content":"EMPTY"}'),
        ("EMPTY", b'{"error":{"message":"EMPTY"}}', b'{"error":{"message":"***"}}'),
        ("EMPTY", b'{"error" : "EMPTY"}', b'{"error" : "***"}'),
        ("EMPTY", b'{"error":null,"content":"EMPTY"}', b'{"error":null,"content":"EMPTY"}'),
        ("EMPTY", b'{"finish_reason":"error","content":"EMPTY"}', b'{"finish_reason":"error","content":"EMPTY"}'),
        ("", b'{"error":{"message":"EMPTY"}}', b'{"error":{"message":"EMPTY"}}'),
    ],
)
def test_an_answer_names_no_credential(credential, said, passes):
    assert unquoted_answer(credential, said) == passes
