import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LedgerEntry(_message.Message):
    __slots__ = ("entry", "call", "kind", "outcome", "tenant", "api_key", "user", "requested_model", "model", "provider", "upstream_model", "method", "tags", "streamed", "input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_hour_tokens", "output_tokens", "reasoning_tokens", "estimated", "cost_nanos", "currency_code", "price_version", "admit_time", "book_time")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[LedgerEntry.Kind]
        CALL: _ClassVar[LedgerEntry.Kind]
        CORRECTION: _ClassVar[LedgerEntry.Kind]
    KIND_UNSPECIFIED: LedgerEntry.Kind
    CALL: LedgerEntry.Kind
    CORRECTION: LedgerEntry.Kind
    class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        OUTCOME_UNSPECIFIED: _ClassVar[LedgerEntry.Outcome]
        COMPLETED: _ClassVar[LedgerEntry.Outcome]
        CUT: _ClassVar[LedgerEntry.Outcome]
        FAILED: _ClassVar[LedgerEntry.Outcome]
        LOST: _ClassVar[LedgerEntry.Outcome]
    OUTCOME_UNSPECIFIED: LedgerEntry.Outcome
    COMPLETED: LedgerEntry.Outcome
    CUT: LedgerEntry.Outcome
    FAILED: LedgerEntry.Outcome
    LOST: LedgerEntry.Outcome
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    UPSTREAM_MODEL_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    STREAMED_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_READ_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_WRITE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_WRITE_HOUR_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    REASONING_TOKENS_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_FIELD_NUMBER: _ClassVar[int]
    COST_NANOS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    PRICE_VERSION_FIELD_NUMBER: _ClassVar[int]
    ADMIT_TIME_FIELD_NUMBER: _ClassVar[int]
    BOOK_TIME_FIELD_NUMBER: _ClassVar[int]
    entry: str
    call: str
    kind: LedgerEntry.Kind
    outcome: LedgerEntry.Outcome
    tenant: str
    api_key: str
    user: str
    requested_model: str
    model: str
    provider: str
    upstream_model: str
    method: str
    tags: _containers.ScalarMap[str, str]
    streamed: bool
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cache_write_hour_tokens: int
    output_tokens: int
    reasoning_tokens: int
    estimated: bool
    cost_nanos: int
    currency_code: str
    price_version: str
    admit_time: _timestamp_pb2.Timestamp
    book_time: _timestamp_pb2.Timestamp
    def __init__(self, entry: _Optional[str] = ..., call: _Optional[str] = ..., kind: _Optional[_Union[LedgerEntry.Kind, str]] = ..., outcome: _Optional[_Union[LedgerEntry.Outcome, str]] = ..., tenant: _Optional[str] = ..., api_key: _Optional[str] = ..., user: _Optional[str] = ..., requested_model: _Optional[str] = ..., model: _Optional[str] = ..., provider: _Optional[str] = ..., upstream_model: _Optional[str] = ..., method: _Optional[str] = ..., tags: _Optional[_Mapping[str, str]] = ..., streamed: _Optional[bool] = ..., input_tokens: _Optional[int] = ..., cache_read_tokens: _Optional[int] = ..., cache_write_tokens: _Optional[int] = ..., cache_write_hour_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., reasoning_tokens: _Optional[int] = ..., estimated: _Optional[bool] = ..., cost_nanos: _Optional[int] = ..., currency_code: _Optional[str] = ..., price_version: _Optional[str] = ..., admit_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., book_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
