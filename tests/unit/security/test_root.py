"""The root credential."""

from __future__ import annotations

import pytest

from tollwayd.security.root import RootCredential, load_or_create
from tollwayd.security.secret_file import SecretFileError


def test_the_root_credential_matches_itself_alone():
    root = RootCredential("root-secret")

    assert root.matches("root-secret")
    for wrong in ("", "root-secre", "root-secret ", "Root-secret", "root-secret\udcff", "ü"):
        assert not root.matches(wrong)


def test_an_empty_root_credential_is_refused():
    with pytest.raises(ValueError, match="empty"):
        RootCredential("")


def test_a_root_credential_is_made_once(tmp_path):
    first = load_or_create(tmp_path / "root")
    second = load_or_create(tmp_path / "root")

    assert (first.created, second.created) == (True, False)
    assert first.secret == second.secret
    assert second.credential.matches(first.secret)
    assert (tmp_path / "root").stat().st_mode & 0o777 == 0o600


def test_an_emptied_root_file_opens_to_nobody(tmp_path):
    path = tmp_path / "root"
    path.touch(mode=0o600)

    with pytest.raises(SecretFileError, match="empty"):
        load_or_create(path)


def test_no_repr_holds_the_secret(tmp_path):
    loaded = load_or_create(tmp_path / "root")

    for shown in (repr(loaded), str(loaded), f"{loaded}", repr(loaded.credential), repr([loaded])):
        assert loaded.secret not in shown
