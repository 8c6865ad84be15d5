import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import client_pb2 as _client_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.api import httpbody_pb2 as _httpbody_pb2
from google.api import resource_pb2 as _resource_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import money_pb2 as _money_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Plan(_message.Message):
    __slots__ = ("name", "display_name", "fixed_fee", "included_cost", "markup_basis_points", "rates", "create_time", "update_time", "etag")
    class Metric(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        METRIC_UNSPECIFIED: _ClassVar[Plan.Metric]
        CALLS: _ClassVar[Plan.Metric]
        FAILED_CALLS: _ClassVar[Plan.Metric]
        INPUT_TOKENS: _ClassVar[Plan.Metric]
        CACHE_READ_TOKENS: _ClassVar[Plan.Metric]
        CACHE_WRITE_TOKENS: _ClassVar[Plan.Metric]
        CACHE_WRITE_HOUR_TOKENS: _ClassVar[Plan.Metric]
        OUTPUT_TOKENS: _ClassVar[Plan.Metric]
        REASONING_TOKENS: _ClassVar[Plan.Metric]
        ALL_INPUT_TOKENS: _ClassVar[Plan.Metric]
        ALL_OUTPUT_TOKENS: _ClassVar[Plan.Metric]
        TOTAL_TOKENS: _ClassVar[Plan.Metric]
    METRIC_UNSPECIFIED: Plan.Metric
    CALLS: Plan.Metric
    FAILED_CALLS: Plan.Metric
    INPUT_TOKENS: Plan.Metric
    CACHE_READ_TOKENS: Plan.Metric
    CACHE_WRITE_TOKENS: Plan.Metric
    CACHE_WRITE_HOUR_TOKENS: Plan.Metric
    OUTPUT_TOKENS: Plan.Metric
    REASONING_TOKENS: Plan.Metric
    ALL_INPUT_TOKENS: Plan.Metric
    ALL_OUTPUT_TOKENS: Plan.Metric
    TOTAL_TOKENS: Plan.Metric
    class Tiering(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        TIERING_UNSPECIFIED: _ClassVar[Plan.Tiering]
        GRADUATED: _ClassVar[Plan.Tiering]
        VOLUME: _ClassVar[Plan.Tiering]
    TIERING_UNSPECIFIED: Plan.Tiering
    GRADUATED: Plan.Tiering
    VOLUME: Plan.Tiering
    class Tier(_message.Message):
        __slots__ = ("last_unit", "unit_price")
        LAST_UNIT_FIELD_NUMBER: _ClassVar[int]
        UNIT_PRICE_FIELD_NUMBER: _ClassVar[int]
        last_unit: int
        unit_price: _money_pb2.Money
        def __init__(self, last_unit: _Optional[int] = ..., unit_price: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...
    class Rate(_message.Message):
        __slots__ = ("metric", "model", "included_units", "tiering", "tiers")
        METRIC_FIELD_NUMBER: _ClassVar[int]
        MODEL_FIELD_NUMBER: _ClassVar[int]
        INCLUDED_UNITS_FIELD_NUMBER: _ClassVar[int]
        TIERING_FIELD_NUMBER: _ClassVar[int]
        TIERS_FIELD_NUMBER: _ClassVar[int]
        metric: Plan.Metric
        model: str
        included_units: int
        tiering: Plan.Tiering
        tiers: _containers.RepeatedCompositeFieldContainer[Plan.Tier]
        def __init__(self, metric: _Optional[_Union[Plan.Metric, str]] = ..., model: _Optional[str] = ..., included_units: _Optional[int] = ..., tiering: _Optional[_Union[Plan.Tiering, str]] = ..., tiers: _Optional[_Iterable[_Union[Plan.Tier, _Mapping]]] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    FIXED_FEE_FIELD_NUMBER: _ClassVar[int]
    INCLUDED_COST_FIELD_NUMBER: _ClassVar[int]
    MARKUP_BASIS_POINTS_FIELD_NUMBER: _ClassVar[int]
    RATES_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    display_name: str
    fixed_fee: _money_pb2.Money
    included_cost: _money_pb2.Money
    markup_basis_points: int
    rates: _containers.RepeatedCompositeFieldContainer[Plan.Rate]
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    etag: str
    def __init__(self, name: _Optional[str] = ..., display_name: _Optional[str] = ..., fixed_fee: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., included_cost: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., markup_basis_points: _Optional[int] = ..., rates: _Optional[_Iterable[_Union[Plan.Rate, _Mapping]]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class BillingAccount(_message.Message):
    __slots__ = ("name", "display_name", "reference", "tenants", "plan", "time_zone", "first_period", "create_time", "update_time", "etag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    TENANTS_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    FIRST_PERIOD_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    display_name: str
    reference: str
    tenants: _containers.RepeatedScalarFieldContainer[str]
    plan: str
    time_zone: str
    first_period: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    etag: str
    def __init__(self, name: _Optional[str] = ..., display_name: _Optional[str] = ..., reference: _Optional[str] = ..., tenants: _Optional[_Iterable[str]] = ..., plan: _Optional[str] = ..., time_zone: _Optional[str] = ..., first_period: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class Invoice(_message.Message):
    __slots__ = ("name", "state", "display_name", "reference", "currency_code", "time_zone", "start_time", "end_time", "plan", "spans", "lines", "cost", "subtotal", "total", "close_time", "create_time", "update_time", "etag")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Invoice.State]
        OPEN: _ClassVar[Invoice.State]
        CLOSED: _ClassVar[Invoice.State]
    STATE_UNSPECIFIED: Invoice.State
    OPEN: Invoice.State
    CLOSED: Invoice.State
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    SPANS_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    SUBTOTAL_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    CLOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    state: Invoice.State
    display_name: str
    reference: str
    currency_code: str
    time_zone: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    plan: Plan
    spans: _containers.RepeatedCompositeFieldContainer[InvoiceSpan]
    lines: _containers.RepeatedCompositeFieldContainer[InvoiceLine]
    cost: _money_pb2.Money
    subtotal: _money_pb2.Money
    total: _money_pb2.Money
    close_time: _timestamp_pb2.Timestamp
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    etag: str
    def __init__(self, name: _Optional[str] = ..., state: _Optional[_Union[Invoice.State, str]] = ..., display_name: _Optional[str] = ..., reference: _Optional[str] = ..., currency_code: _Optional[str] = ..., time_zone: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., plan: _Optional[_Union[Plan, _Mapping]] = ..., spans: _Optional[_Iterable[_Union[InvoiceSpan, _Mapping]]] = ..., lines: _Optional[_Iterable[_Union[InvoiceLine, _Mapping]]] = ..., cost: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., subtotal: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., close_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class InvoiceSpan(_message.Message):
    __slots__ = ("tenant", "start_time", "end_time")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, tenant: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class InvoiceLine(_message.Message):
    __slots__ = ("kind", "tenant", "model", "provider", "metric", "quantity", "unit_price", "price_quantity", "tier", "basis_points", "amount")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[InvoiceLine.Kind]
        USAGE: _ClassVar[InvoiceLine.Kind]
        COST: _ClassVar[InvoiceLine.Kind]
        FIXED_FEE: _ClassVar[InvoiceLine.Kind]
        INCLUDED_COST: _ClassVar[InvoiceLine.Kind]
        MARKUP: _ClassVar[InvoiceLine.Kind]
        INCLUDED_UNITS: _ClassVar[InvoiceLine.Kind]
        TIER: _ClassVar[InvoiceLine.Kind]
        ROUNDING: _ClassVar[InvoiceLine.Kind]
        UNPRICED: _ClassVar[InvoiceLine.Kind]
    KIND_UNSPECIFIED: InvoiceLine.Kind
    USAGE: InvoiceLine.Kind
    COST: InvoiceLine.Kind
    FIXED_FEE: InvoiceLine.Kind
    INCLUDED_COST: InvoiceLine.Kind
    MARKUP: InvoiceLine.Kind
    INCLUDED_UNITS: InvoiceLine.Kind
    TIER: InvoiceLine.Kind
    ROUNDING: InvoiceLine.Kind
    UNPRICED: InvoiceLine.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    UNIT_PRICE_FIELD_NUMBER: _ClassVar[int]
    PRICE_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    BASIS_POINTS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    kind: InvoiceLine.Kind
    tenant: str
    model: str
    provider: str
    metric: Plan.Metric
    quantity: int
    unit_price: _money_pb2.Money
    price_quantity: int
    tier: int
    basis_points: int
    amount: _money_pb2.Money
    def __init__(self, kind: _Optional[_Union[InvoiceLine.Kind, str]] = ..., tenant: _Optional[str] = ..., model: _Optional[str] = ..., provider: _Optional[str] = ..., metric: _Optional[_Union[Plan.Metric, str]] = ..., quantity: _Optional[int] = ..., unit_price: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., price_quantity: _Optional[int] = ..., tier: _Optional[int] = ..., basis_points: _Optional[int] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class CreatePlanRequest(_message.Message):
    __slots__ = ("plan_id", "plan")
    PLAN_ID_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    plan_id: str
    plan: Plan
    def __init__(self, plan_id: _Optional[str] = ..., plan: _Optional[_Union[Plan, _Mapping]] = ...) -> None: ...

class GetPlanRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ListPlansRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "filter")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    filter: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., filter: _Optional[str] = ...) -> None: ...

class ListPlansResponse(_message.Message):
    __slots__ = ("plans", "next_page_token")
    PLANS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    plans: _containers.RepeatedCompositeFieldContainer[Plan]
    next_page_token: str
    def __init__(self, plans: _Optional[_Iterable[_Union[Plan, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdatePlanRequest(_message.Message):
    __slots__ = ("plan", "update_mask")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    plan: Plan
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, plan: _Optional[_Union[Plan, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class DeletePlanRequest(_message.Message):
    __slots__ = ("name", "etag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class CreateBillingAccountRequest(_message.Message):
    __slots__ = ("billing_account_id", "billing_account")
    BILLING_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    BILLING_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    billing_account_id: str
    billing_account: BillingAccount
    def __init__(self, billing_account_id: _Optional[str] = ..., billing_account: _Optional[_Union[BillingAccount, _Mapping]] = ...) -> None: ...

class GetBillingAccountRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ListBillingAccountsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "filter")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    filter: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., filter: _Optional[str] = ...) -> None: ...

class ListBillingAccountsResponse(_message.Message):
    __slots__ = ("billing_accounts", "next_page_token")
    BILLING_ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    billing_accounts: _containers.RepeatedCompositeFieldContainer[BillingAccount]
    next_page_token: str
    def __init__(self, billing_accounts: _Optional[_Iterable[_Union[BillingAccount, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateBillingAccountRequest(_message.Message):
    __slots__ = ("billing_account", "update_mask")
    BILLING_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    billing_account: BillingAccount
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, billing_account: _Optional[_Union[BillingAccount, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class DeleteBillingAccountRequest(_message.Message):
    __slots__ = ("name", "etag", "force")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    force: bool
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ..., force: _Optional[bool] = ...) -> None: ...

class GetInvoiceRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ListInvoicesRequest(_message.Message):
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

class ListInvoicesResponse(_message.Message):
    __slots__ = ("invoices", "next_page_token")
    INVOICES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    invoices: _containers.RepeatedCompositeFieldContainer[Invoice]
    next_page_token: str
    def __init__(self, invoices: _Optional[_Iterable[_Union[Invoice, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class PreviewInvoiceRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class CloseBillingPeriodRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class RenderInvoiceRequest(_message.Message):
    __slots__ = ("name", "format")
    class Format(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        FORMAT_UNSPECIFIED: _ClassVar[RenderInvoiceRequest.Format]
        JSON: _ClassVar[RenderInvoiceRequest.Format]
        CSV: _ClassVar[RenderInvoiceRequest.Format]
        HTML: _ClassVar[RenderInvoiceRequest.Format]
    FORMAT_UNSPECIFIED: RenderInvoiceRequest.Format
    JSON: RenderInvoiceRequest.Format
    CSV: RenderInvoiceRequest.Format
    HTML: RenderInvoiceRequest.Format
    NAME_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    name: str
    format: RenderInvoiceRequest.Format
    def __init__(self, name: _Optional[str] = ..., format: _Optional[_Union[RenderInvoiceRequest.Format, str]] = ...) -> None: ...
