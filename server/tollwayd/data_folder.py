"""The data folder: that it can be used at all, and the secrets in it. All troubles with it are the operator's."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn

from tollwayd import listeners
from tollwayd.security import root as root_credential
from tollwayd.security.keyring import Keyring
from tollwayd.security.secret_file import SecretFileError
from tollwayd.settings import variable
from tollwayd.start_error import MISTAKE, StartError
from tollwayd.state.embedded import EmbeddedRedis
from tollwayd.state.server_binary import EmbeddedRedisError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tollwayd.listeners import Addresses
    from tollwayd.security.root import LoadedRoot
    from tollwayd.settings import Settings

ADMIN_KEY_FILE: Final = "admin.key"
MASTER_KEYS_FILE: Final = "master.keys"


class DataFolder:
    """The folder that the settings name. Whatever cannot be had of it is a StartError."""

    def __init__(self, settings: Settings) -> None:
        self.path: Final = settings.data_dir
        self._master_keys = settings.master_keys

    def prepare(self) -> None:
        """Makes the folder where there is none, and sees that files can be made in it."""
        with self._told():
            if self.path.exists() and not self.path.is_dir():
                self._refuse("is not a folder")
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(self.path, os.W_OK | os.X_OK, effective_ids=True):
            self._refuse("cannot be written to by this user")

    def keyring(self) -> Keyring:
        """The keyring of the settings, else of the folder, where it is made at the first start."""
        path = self.path / MASTER_KEYS_FILE
        where = str(path) if self._master_keys is None else variable("master_keys")
        try:
            with self._told():
                return Keyring.load_or_create(path) if self._master_keys is None else Keyring.parse(self._master_keys)
        except ValueError as error:
            text = f"{where}: {error}; a keyring is written id:base64 of 32 bytes each, comma-separated."
            raise StartError(text, status=MISTAKE) from None

    def root(self) -> LoadedRoot:
        """The root credential in the folder, made where there is none."""
        with self._told():
            return root_credential.load_or_create(self.path / ADMIN_KEY_FILE)

    async def start_redis(self) -> EmbeddedRedis:
        """The embedded Redis, started on the folder."""
        redis = EmbeddedRedis(self.path)
        with self._told():
            await redis.start()
        return redis

    def write_listeners(self, addresses: Addresses) -> None:
        """Writes down what the listeners are bound to."""
        with self._told():
            listeners.write(self.path, addresses)

    def _refuse(self, why: str) -> NoReturn:
        raise StartError(f"{variable('data_dir')}: {self.path} {why}; mend that, or set another folder.")

    @contextmanager
    def _told(self) -> Iterator[None]:
        name = variable("data_dir")
        try:
            yield
        except (SecretFileError, EmbeddedRedisError) as error:
            raise StartError(f"{name}: {str(error).rstrip('.')}.") from error
        except OSError as error:
            where = error.filename or self.path
            raise StartError(f"{name}: {where}: {error.strerror}; mend that, or set another folder.") from error
