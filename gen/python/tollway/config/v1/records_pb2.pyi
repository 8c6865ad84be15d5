import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tollway.admin.v1 import api_keys_pb2 as _api_keys_pb2
from tollway.admin.v1 import providers_pb2 as _providers_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SealedSecret(_message.Message):
    __slots__ = ("key_id", "nonce", "ciphertext")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    CIPHERTEXT_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    nonce: bytes
    ciphertext: bytes
    def __init__(self, key_id: _Optional[str] = ..., nonce: _Optional[bytes] = ..., ciphertext: _Optional[bytes] = ...) -> None: ...

class ProviderRecord(_message.Message):
    __slots__ = ("provider", "api_key")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    provider: _providers_pb2.Provider
    api_key: SealedSecret
    def __init__(self, provider: _Optional[_Union[_providers_pb2.Provider, _Mapping]] = ..., api_key: _Optional[_Union[SealedSecret, _Mapping]] = ...) -> None: ...

class SecretDigest(_message.Message):
    __slots__ = ("key_id", "digest", "expire_time")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    digest: bytes
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, key_id: _Optional[str] = ..., digest: _Optional[bytes] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ApiKeyRecord(_message.Message):
    __slots__ = ("api_key", "digests")
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    DIGESTS_FIELD_NUMBER: _ClassVar[int]
    api_key: _api_keys_pb2.ApiKey
    digests: _containers.RepeatedCompositeFieldContainer[SecretDigest]
    def __init__(self, api_key: _Optional[_Union[_api_keys_pb2.ApiKey, _Mapping]] = ..., digests: _Optional[_Iterable[_Union[SecretDigest, _Mapping]]] = ...) -> None: ...
