import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import client_pb2 as _client_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.api import httpbody_pb2 as _httpbody_pb2
from google.api import resource_pb2 as _resource_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import money_pb2 as _money_pb2
from tollway.admin.v1 import ledger_pb2 as _ledger_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class UsageDimensions(_message.Message):
    __slots__ = ("api_key", "user", "model", "provider", "upstream_model", "tags")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    UPSTREAM_MODEL_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    api_key: str
    user: str
    model: str
    provider: str
    upstream_model: str
    tags: _containers.ScalarMap[str, str]
    def __init__(self, api_key: _Optional[str] = ..., user: _Optional[str] = ..., model: _Optional[str] = ..., provider: _Optional[str] = ..., upstream_model: _Optional[str] = ..., tags: _Optional[_Mapping[str, str]] = ...) -> None: ...

class QueryUsageRequest(_message.Message):
    __slots__ = ("parent", "start_time", "end_time", "bucket", "time_zone", "group_by", "tags", "filter", "page_size", "page_token")
    class Bucket(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        BUCKET_UNSPECIFIED: _ClassVar[QueryUsageRequest.Bucket]
        HOUR: _ClassVar[QueryUsageRequest.Bucket]
        DAY: _ClassVar[QueryUsageRequest.Bucket]
        MONTH: _ClassVar[QueryUsageRequest.Bucket]
        TOTAL: _ClassVar[QueryUsageRequest.Bucket]
    BUCKET_UNSPECIFIED: QueryUsageRequest.Bucket
    HOUR: QueryUsageRequest.Bucket
    DAY: QueryUsageRequest.Bucket
    MONTH: QueryUsageRequest.Bucket
    TOTAL: QueryUsageRequest.Bucket
    class Dimension(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DIMENSION_UNSPECIFIED: _ClassVar[QueryUsageRequest.Dimension]
        API_KEY: _ClassVar[QueryUsageRequest.Dimension]
        USER: _ClassVar[QueryUsageRequest.Dimension]
        MODEL: _ClassVar[QueryUsageRequest.Dimension]
        PROVIDER: _ClassVar[QueryUsageRequest.Dimension]
        UPSTREAM_MODEL: _ClassVar[QueryUsageRequest.Dimension]
    DIMENSION_UNSPECIFIED: QueryUsageRequest.Dimension
    API_KEY: QueryUsageRequest.Dimension
    USER: QueryUsageRequest.Dimension
    MODEL: QueryUsageRequest.Dimension
    PROVIDER: QueryUsageRequest.Dimension
    UPSTREAM_MODEL: QueryUsageRequest.Dimension
    PARENT_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    GROUP_BY_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    parent: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    bucket: QueryUsageRequest.Bucket
    time_zone: str
    group_by: _containers.RepeatedScalarFieldContainer[QueryUsageRequest.Dimension]
    tags: _containers.RepeatedScalarFieldContainer[str]
    filter: str
    page_size: int
    page_token: str
    def __init__(self, parent: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., bucket: _Optional[_Union[QueryUsageRequest.Bucket, str]] = ..., time_zone: _Optional[str] = ..., group_by: _Optional[_Iterable[_Union[QueryUsageRequest.Dimension, str]]] = ..., tags: _Optional[_Iterable[str]] = ..., filter: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class QueryUsageResponse(_message.Message):
    __slots__ = ("rows", "next_page_token")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[UsageRow]
    next_page_token: str
    def __init__(self, rows: _Optional[_Iterable[_Union[UsageRow, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UsageRow(_message.Message):
    __slots__ = ("start_time", "end_time", "dimensions", "calls", "failed_calls", "input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_hour_tokens", "output_tokens", "reasoning_tokens", "cost", "unpriced_calls")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    FAILED_CALLS_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_READ_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_WRITE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_WRITE_HOUR_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    REASONING_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    UNPRICED_CALLS_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    dimensions: UsageDimensions
    calls: int
    failed_calls: int
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cache_write_hour_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost: _money_pb2.Money
    unpriced_calls: int
    def __init__(self, start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., dimensions: _Optional[_Union[UsageDimensions, _Mapping]] = ..., calls: _Optional[int] = ..., failed_calls: _Optional[int] = ..., input_tokens: _Optional[int] = ..., cache_read_tokens: _Optional[int] = ..., cache_write_tokens: _Optional[int] = ..., cache_write_hour_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., reasoning_tokens: _Optional[int] = ..., cost: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., unpriced_calls: _Optional[int] = ...) -> None: ...

class StreamUsageRequest(_message.Message):
    __slots__ = ("parent", "filter", "last_entry")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    LAST_ENTRY_FIELD_NUMBER: _ClassVar[int]
    parent: str
    filter: str
    last_entry: str
    def __init__(self, parent: _Optional[str] = ..., filter: _Optional[str] = ..., last_entry: _Optional[str] = ...) -> None: ...

class StreamUsageResponse(_message.Message):
    __slots__ = ("entry",)
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    entry: _ledger_pb2.LedgerEntry
    def __init__(self, entry: _Optional[_Union[_ledger_pb2.LedgerEntry, _Mapping]] = ...) -> None: ...

class SearchLedgerEntriesRequest(_message.Message):
    __slots__ = ("parent", "call", "start_time", "end_time", "filter", "page_size", "page_token")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    parent: str
    call: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    filter: str
    page_size: int
    page_token: str
    def __init__(self, parent: _Optional[str] = ..., call: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., filter: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class SearchLedgerEntriesResponse(_message.Message):
    __slots__ = ("entries", "next_page_token")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[_ledger_pb2.LedgerEntry]
    next_page_token: str
    def __init__(self, entries: _Optional[_Iterable[_Union[_ledger_pb2.LedgerEntry, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ExportLedgerRequest(_message.Message):
    __slots__ = ("parent", "format", "start_time", "end_time", "filter", "last_entry")
    class Format(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        FORMAT_UNSPECIFIED: _ClassVar[ExportLedgerRequest.Format]
        JSON_LINES: _ClassVar[ExportLedgerRequest.Format]
        CSV: _ClassVar[ExportLedgerRequest.Format]
        PARQUET: _ClassVar[ExportLedgerRequest.Format]
    FORMAT_UNSPECIFIED: ExportLedgerRequest.Format
    JSON_LINES: ExportLedgerRequest.Format
    CSV: ExportLedgerRequest.Format
    PARQUET: ExportLedgerRequest.Format
    PARENT_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    LAST_ENTRY_FIELD_NUMBER: _ClassVar[int]
    parent: str
    format: ExportLedgerRequest.Format
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    filter: str
    last_entry: str
    def __init__(self, parent: _Optional[str] = ..., format: _Optional[_Union[ExportLedgerRequest.Format, str]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., filter: _Optional[str] = ..., last_entry: _Optional[str] = ...) -> None: ...
