import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import client_pb2 as _client_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.api import resource_pb2 as _resource_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import money_pb2 as _money_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Price(_message.Message):
    __slots__ = ("name", "display_name", "provider", "model", "rates", "tiers", "start_time", "end_time", "max_output_tokens", "create_time", "update_time", "etag")
    class Rates(_message.Message):
        __slots__ = ("input", "cache_read", "cache_write", "cache_write_hour", "output", "reasoning", "request")
        INPUT_FIELD_NUMBER: _ClassVar[int]
        CACHE_READ_FIELD_NUMBER: _ClassVar[int]
        CACHE_WRITE_FIELD_NUMBER: _ClassVar[int]
        CACHE_WRITE_HOUR_FIELD_NUMBER: _ClassVar[int]
        OUTPUT_FIELD_NUMBER: _ClassVar[int]
        REASONING_FIELD_NUMBER: _ClassVar[int]
        REQUEST_FIELD_NUMBER: _ClassVar[int]
        input: _money_pb2.Money
        cache_read: _money_pb2.Money
        cache_write: _money_pb2.Money
        cache_write_hour: _money_pb2.Money
        output: _money_pb2.Money
        reasoning: _money_pb2.Money
        request: _money_pb2.Money
        def __init__(self, input: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., cache_read: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., cache_write: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., cache_write_hour: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., output: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., reasoning: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., request: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...
    class Tier(_message.Message):
        __slots__ = ("threshold_tokens", "rates")
        THRESHOLD_TOKENS_FIELD_NUMBER: _ClassVar[int]
        RATES_FIELD_NUMBER: _ClassVar[int]
        threshold_tokens: int
        rates: Price.Rates
        def __init__(self, threshold_tokens: _Optional[int] = ..., rates: _Optional[_Union[Price.Rates, _Mapping]] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    RATES_FIELD_NUMBER: _ClassVar[int]
    TIERS_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    MAX_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    display_name: str
    provider: str
    model: str
    rates: Price.Rates
    tiers: _containers.RepeatedCompositeFieldContainer[Price.Tier]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    max_output_tokens: int
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    etag: str
    def __init__(self, name: _Optional[str] = ..., display_name: _Optional[str] = ..., provider: _Optional[str] = ..., model: _Optional[str] = ..., rates: _Optional[_Union[Price.Rates, _Mapping]] = ..., tiers: _Optional[_Iterable[_Union[Price.Tier, _Mapping]]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., max_output_tokens: _Optional[int] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class CreatePriceRequest(_message.Message):
    __slots__ = ("parent", "price_id", "price")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PRICE_ID_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    parent: str
    price_id: str
    price: Price
    def __init__(self, parent: _Optional[str] = ..., price_id: _Optional[str] = ..., price: _Optional[_Union[Price, _Mapping]] = ...) -> None: ...

class GetPriceRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ListPricesRequest(_message.Message):
    __slots__ = ("parent", "page_size", "page_token", "filter")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    parent: str
    page_size: int
    page_token: str
    filter: str
    def __init__(self, parent: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., filter: _Optional[str] = ...) -> None: ...

class ListPricesResponse(_message.Message):
    __slots__ = ("prices", "next_page_token")
    PRICES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    prices: _containers.RepeatedCompositeFieldContainer[Price]
    next_page_token: str
    def __init__(self, prices: _Optional[_Iterable[_Union[Price, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdatePriceRequest(_message.Message):
    __slots__ = ("price", "update_mask")
    PRICE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    price: Price
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, price: _Optional[_Union[Price, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class DeletePriceRequest(_message.Message):
    __slots__ = ("name", "etag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...
