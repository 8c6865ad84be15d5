"""The keyring: what it seals opens in its place alone, what it hashes is found again, and nothing of it shows."""

from __future__ import annotations

import base64
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollwayd.security.keyring import MAX_KEYS, Keyring, UnsealError
from tollwayd.security.secret_file import MAX_BYTES, SecretFileError

SERVER = Path(__file__).parents[3]
OLD, NEW = b"o" * 32, b"n" * 32
CONTEXT = ("tenants/acme/providers/openai", "api_key", "https://api.openai.com:443")


def entry(key_id: str, key: bytes) -> str:
    return f"{key_id}:{base64.b64encode(key).decode()}"


@pytest.fixture
def keyring() -> Keyring:
    return Keyring({"k1": OLD})


def test_a_sealed_secret_opens_for_the_context_it_was_sealed_for(keyring):
    sealed = keyring.seal("sk-live-secret", CONTEXT)

    assert keyring.unseal(sealed, CONTEXT) == "sk-live-secret"
    assert sealed.key_id == "k1"
    assert b"sk-live" not in sealed.SerializeToString()


@pytest.mark.parametrize(
    "other",
    [
        ("tenants/evil/providers/openai", "api_key", "https://api.openai.com:443"),
        ("tenants/acme/providers/openai", "api_key", "https://evil.example:443"),
        ("tenants/acme/providers/openai", "token", "https://api.openai.com:443"),
        CONTEXT[:2],
        (*CONTEXT, ""),
    ],
)
def test_a_sealed_secret_opens_for_no_other_context(keyring, other):
    sealed = keyring.seal("sk-live-secret", CONTEXT)

    with pytest.raises(UnsealError):
        keyring.unseal(sealed, other)


@given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
def test_different_contexts_never_open_each_other(one, other):
    keyring = Keyring({"k1": OLD})
    sealed = keyring.seal("secret", one)

    if one == other:
        assert keyring.unseal(sealed, other) == "secret"
    else:
        with pytest.raises(UnsealError):
            keyring.unseal(sealed, other)


def test_parts_of_a_context_cannot_be_shifted_into_each_other(keyring):
    contexts = [("a:b", "c"), ("a", "b:c"), ("a", "b", "c"), ("a,b", "c"), ('a","b', "c")]

    for one, other in itertools.permutations(contexts, 2):
        with pytest.raises(UnsealError):
            keyring.unseal(keyring.seal("secret", one), other)


def test_equal_secrets_are_sealed_differently_each_time(keyring):
    one, other = keyring.seal("same", CONTEXT), keyring.seal("same", CONTEXT)

    assert one.nonce != other.nonce
    assert one.ciphertext != other.ciphertext


def test_a_changed_bit_anywhere_is_noticed(keyring):
    sealed = keyring.seal("secret", CONTEXT)
    for field in ("nonce", "ciphertext"):
        intact = getattr(sealed, field)
        for position in range(len(intact)):
            damaged = type(sealed)()
            damaged.CopyFrom(sealed)
            setattr(damaged, field, intact[:position] + bytes([intact[position] ^ 1]) + intact[position + 1 :])
            with pytest.raises(UnsealError):
                keyring.unseal(damaged, CONTEXT)


@pytest.mark.parametrize("nonce", [b"", b"short", b"n" * 13])
def test_a_nonce_of_a_wrong_length_is_a_damaged_secret(keyring, nonce):
    sealed = keyring.seal("secret", CONTEXT)
    sealed.nonce = nonce

    with pytest.raises(UnsealError):
        keyring.unseal(sealed, CONTEXT)


def test_after_a_rotation_old_secrets_still_open_and_new_ones_use_the_new_key(keyring):
    sealed, digest = keyring.seal("secret", CONTEXT), keyring.digest("tw_secret")
    rotated = Keyring({"k2": NEW, "k1": OLD})

    assert rotated.unseal(sealed, CONTEXT) == "secret"
    assert rotated.seal("secret", CONTEXT).key_id == "k2"
    assert rotated.digest("tw_secret").key_id == "k2"
    assert rotated.lookup_key(digest) in rotated.digests("tw_secret")


def test_a_secret_of_a_key_that_left_the_ring_does_not_open(keyring):
    with pytest.raises(UnsealError, match="does not hold the key"):
        Keyring({"k2": NEW}).unseal(keyring.seal("secret", CONTEXT), CONTEXT)


def test_a_secret_is_found_by_its_digest_and_no_other_secret_is(keyring):
    digest = keyring.digest("tw_secret")

    assert keyring.digests("tw_secret") == (keyring.lookup_key(digest),)
    assert keyring.lookup_key(digest) not in keyring.digests("tw_secret2")
    assert b"tw_secret" not in digest.SerializeToString()


def test_the_same_secret_has_other_digests_under_other_keys():
    assert set(Keyring({"k1": OLD}).digests("tw_s")).isdisjoint(Keyring({"k1": NEW}).digests("tw_s"))


def test_a_credential_of_bytes_that_are_not_text_has_a_digest_like_any_other(keyring):
    assert len(keyring.digests("tw_\udcff")) == 1


def test_every_purpose_has_its_own_key_and_replicas_agree_on_it(keyring):
    assert keyring.derive("page tokens") == Keyring({"k1": OLD}).derive("page tokens")
    assert (
        len({keyring.derive("page tokens"), keyring.derive("other"), Keyring({"k1": NEW}).derive("page tokens")}) == 3
    )
    assert len(keyring.derive("page tokens")) == 32


def test_master_keys_are_parsed_with_the_first_as_primary():
    keyring = Keyring.parse(f"{entry('k2', NEW)}, {entry('k1', OLD)}")

    assert keyring.seal("s", CONTEXT).key_id == "k2"
    assert keyring.unseal(Keyring({"k1": OLD}).seal("s", CONTEXT), CONTEXT) == "s"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "key 1 is not of the form"),
        (base64.b64encode(OLD).decode(), "key 1 is not of the form"),
        (entry("k1", OLD) + ",", "key 2 is not of the form"),
        (entry("", OLD), "id of master key 1"),
        (entry("a b", OLD), "id of master key 1"),
        (entry("k" * 33, OLD), "id of master key 1"),
        (entry("k1", b"o" * 31), "key 1 is 31 bytes long"),
        (entry("k1", OLD) + "," + entry("k1", NEW), "key 2 has the id of an earlier one"),
        ("k1:" + base64.b64encode(OLD).decode()[:-1], "key 1 is not base64"),
        ("k1:" + "ö" * 43, "key 1 is not base64"),
        (",".join(entry(f"k{number}", OLD) for number in range(MAX_KEYS + 1)), "not 17"),
    ],
)
def test_wrong_master_keys_are_named_by_their_place_and_never_printed(text, problem):
    with pytest.raises(ValueError, match=problem) as caught:
        Keyring.parse(text)

    material = [part for part in text.replace(":", ",").split(",") if len(part) > 20]
    assert not any(part[:8] in str(caught.value) for part in material)
    assert caught.value.__cause__ is None


def test_a_keyring_is_made_once_and_loaded_ever_after(tmp_path):
    path = tmp_path / "new" / "keyring"
    sealed = Keyring.load_or_create(path).seal("secret", CONTEXT)

    assert Keyring.load_or_create(path).unseal(sealed, CONTEXT) == "secret"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["keyring"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_keyring_that_others_may_reach_is_refused(tmp_path, mode):
    path = tmp_path / "keyring"
    Keyring.load_or_create(path)
    path.chmod(mode)

    with pytest.raises(SecretFileError, match="chmod 600"):
        Keyring.load_or_create(path)


@pytest.mark.parametrize("content", [b"x" * (MAX_BYTES + 1), b"\xff\xfe"])
def test_a_file_that_is_no_secret_file_is_refused(tmp_path, content):
    path = tmp_path / "keyring"
    path.touch(mode=0o600)
    path.write_bytes(content)

    with pytest.raises(SecretFileError):
        Keyring.load_or_create(path)


def test_processes_that_start_together_agree_on_one_keyring(tmp_path):
    program = (
        "import pathlib, sys; from tollwayd.security.keyring import Keyring; sys.stdin.readline();"
        "print(Keyring.load_or_create(pathlib.Path(sys.argv[1])).derive('agreement').hex())"
    )
    environment = {**os.environ, "PYTHONPATH": f"{SERVER / 'server'}:{SERVER / 'gen/python'}"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "keyring")],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = {process.communicate(timeout=30)[0] for process in processes}

    assert len(answers) == 1
    assert len(answers.pop().strip()) == 64


def test_nothing_of_a_keyring_shows_in_its_repr():
    keyring = Keyring({"k1": OLD, "k2": NEW})

    assert repr(keyring) == "Keyring(k1, k2)"
    assert OLD.decode() not in json.dumps([repr(keyring), str(keyring), repr(keyring._primary)])
