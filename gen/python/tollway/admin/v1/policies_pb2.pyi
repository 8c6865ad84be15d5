import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import client_pb2 as _client_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.api import resource_pb2 as _resource_pb2
from google.protobuf import duration_pb2 as _duration_pb2
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

class Policy(_message.Message):
    __slots__ = ("name", "display_name", "subject", "mode", "on_store_error", "rate_limit", "concurrency", "budget", "access", "create_time", "update_time", "etag")
    class Mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MODE_UNSPECIFIED: _ClassVar[Policy.Mode]
        ENFORCE: _ClassVar[Policy.Mode]
        OBSERVE: _ClassVar[Policy.Mode]
    MODE_UNSPECIFIED: Policy.Mode
    ENFORCE: Policy.Mode
    OBSERVE: Policy.Mode
    class Unit(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNIT_UNSPECIFIED: _ClassVar[Policy.Unit]
        REQUESTS: _ClassVar[Policy.Unit]
        INPUT_TOKENS: _ClassVar[Policy.Unit]
        OUTPUT_TOKENS: _ClassVar[Policy.Unit]
        TOTAL_TOKENS: _ClassVar[Policy.Unit]
        COST: _ClassVar[Policy.Unit]
        CALLS_UNDER_WAY: _ClassVar[Policy.Unit]
    UNIT_UNSPECIFIED: Policy.Unit
    REQUESTS: Policy.Unit
    INPUT_TOKENS: Policy.Unit
    OUTPUT_TOKENS: Policy.Unit
    TOTAL_TOKENS: Policy.Unit
    COST: Policy.Unit
    CALLS_UNDER_WAY: Policy.Unit
    class Admission(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ADMISSION_UNSPECIFIED: _ClassVar[Policy.Admission]
        STRICT: _ClassVar[Policy.Admission]
        CLAMP: _ClassVar[Policy.Admission]
        SHRINK: _ClassVar[Policy.Admission]
    ADMISSION_UNSPECIFIED: Policy.Admission
    STRICT: Policy.Admission
    CLAMP: Policy.Admission
    SHRINK: Policy.Admission
    class StoreError(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STORE_ERROR_UNSPECIFIED: _ClassVar[Policy.StoreError]
        DENY: _ClassVar[Policy.StoreError]
        ALLOW: _ClassVar[Policy.StoreError]
        LOCAL: _ClassVar[Policy.StoreError]
    STORE_ERROR_UNSPECIFIED: Policy.StoreError
    DENY: Policy.StoreError
    ALLOW: Policy.StoreError
    LOCAL: Policy.StoreError
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    ON_STORE_ERROR_FIELD_NUMBER: _ClassVar[int]
    RATE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    CONCURRENCY_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    display_name: str
    subject: Subject
    mode: Policy.Mode
    on_store_error: Policy.StoreError
    rate_limit: RateLimit
    concurrency: Concurrency
    budget: Budget
    access: Access
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    etag: str
    def __init__(self, name: _Optional[str] = ..., display_name: _Optional[str] = ..., subject: _Optional[_Union[Subject, _Mapping]] = ..., mode: _Optional[_Union[Policy.Mode, str]] = ..., on_store_error: _Optional[_Union[Policy.StoreError, str]] = ..., rate_limit: _Optional[_Union[RateLimit, _Mapping]] = ..., concurrency: _Optional[_Union[Concurrency, _Mapping]] = ..., budget: _Optional[_Union[Budget, _Mapping]] = ..., access: _Optional[_Union[Access, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class Subject(_message.Message):
    __slots__ = ("api_key", "key_group", "user", "model", "provider", "ip", "methods", "tier")
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    KEY_GROUP_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    IP_FIELD_NUMBER: _ClassVar[int]
    METHODS_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    api_key: str
    key_group: str
    user: UserSubject
    model: str
    provider: str
    ip: str
    methods: _containers.RepeatedScalarFieldContainer[str]
    tier: str
    def __init__(self, api_key: _Optional[str] = ..., key_group: _Optional[str] = ..., user: _Optional[_Union[UserSubject, _Mapping]] = ..., model: _Optional[str] = ..., provider: _Optional[str] = ..., ip: _Optional[str] = ..., methods: _Optional[_Iterable[str]] = ..., tier: _Optional[str] = ...) -> None: ...

class UserSubject(_message.Message):
    __slots__ = ("header", "value")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    header: str
    value: str
    def __init__(self, header: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class Exceeded(_message.Message):
    __slots__ = ("action", "downgrade_model")
    class Action(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ACTION_UNSPECIFIED: _ClassVar[Exceeded.Action]
        REJECT: _ClassVar[Exceeded.Action]
        DOWNGRADE: _ClassVar[Exceeded.Action]
        OBSERVE: _ClassVar[Exceeded.Action]
    ACTION_UNSPECIFIED: Exceeded.Action
    REJECT: Exceeded.Action
    DOWNGRADE: Exceeded.Action
    OBSERVE: Exceeded.Action
    ACTION_FIELD_NUMBER: _ClassVar[int]
    DOWNGRADE_MODEL_FIELD_NUMBER: _ClassVar[int]
    action: Exceeded.Action
    downgrade_model: str
    def __init__(self, action: _Optional[_Union[Exceeded.Action, str]] = ..., downgrade_model: _Optional[str] = ...) -> None: ...

class RateLimit(_message.Message):
    __slots__ = ("unit", "limit", "cost_limit", "window", "algorithm", "burst", "admission", "on_exceeded", "leased")
    class Algorithm(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ALGORITHM_UNSPECIFIED: _ClassVar[RateLimit.Algorithm]
        SLIDING_WINDOW: _ClassVar[RateLimit.Algorithm]
        TOKEN_BUCKET: _ClassVar[RateLimit.Algorithm]
        FIXED_WINDOW: _ClassVar[RateLimit.Algorithm]
    ALGORITHM_UNSPECIFIED: RateLimit.Algorithm
    SLIDING_WINDOW: RateLimit.Algorithm
    TOKEN_BUCKET: RateLimit.Algorithm
    FIXED_WINDOW: RateLimit.Algorithm
    UNIT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    COST_LIMIT_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    BURST_FIELD_NUMBER: _ClassVar[int]
    ADMISSION_FIELD_NUMBER: _ClassVar[int]
    ON_EXCEEDED_FIELD_NUMBER: _ClassVar[int]
    LEASED_FIELD_NUMBER: _ClassVar[int]
    unit: Policy.Unit
    limit: int
    cost_limit: _money_pb2.Money
    window: _duration_pb2.Duration
    algorithm: RateLimit.Algorithm
    burst: int
    admission: Policy.Admission
    on_exceeded: Exceeded
    leased: bool
    def __init__(self, unit: _Optional[_Union[Policy.Unit, str]] = ..., limit: _Optional[int] = ..., cost_limit: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., algorithm: _Optional[_Union[RateLimit.Algorithm, str]] = ..., burst: _Optional[int] = ..., admission: _Optional[_Union[Policy.Admission, str]] = ..., on_exceeded: _Optional[_Union[Exceeded, _Mapping]] = ..., leased: _Optional[bool] = ...) -> None: ...

class Concurrency(_message.Message):
    __slots__ = ("limit",)
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    limit: int
    def __init__(self, limit: _Optional[int] = ...) -> None: ...

class Budget(_message.Message):
    __slots__ = ("unit", "limit", "max_units", "window", "rolling_window", "time_zone", "thresholds", "soft", "admission", "on_exceeded", "increases")
    class Window(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        WINDOW_UNSPECIFIED: _ClassVar[Budget.Window]
        CALENDAR_DAY: _ClassVar[Budget.Window]
        CALENDAR_WEEK: _ClassVar[Budget.Window]
        CALENDAR_MONTH: _ClassVar[Budget.Window]
        CALENDAR_QUARTER: _ClassVar[Budget.Window]
        CALENDAR_YEAR: _ClassVar[Budget.Window]
        ROLLING: _ClassVar[Budget.Window]
    WINDOW_UNSPECIFIED: Budget.Window
    CALENDAR_DAY: Budget.Window
    CALENDAR_WEEK: Budget.Window
    CALENDAR_MONTH: Budget.Window
    CALENDAR_QUARTER: Budget.Window
    CALENDAR_YEAR: Budget.Window
    ROLLING: Budget.Window
    UNIT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    MAX_UNITS_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    ROLLING_WINDOW_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    THRESHOLDS_FIELD_NUMBER: _ClassVar[int]
    SOFT_FIELD_NUMBER: _ClassVar[int]
    ADMISSION_FIELD_NUMBER: _ClassVar[int]
    ON_EXCEEDED_FIELD_NUMBER: _ClassVar[int]
    INCREASES_FIELD_NUMBER: _ClassVar[int]
    unit: Policy.Unit
    limit: _money_pb2.Money
    max_units: int
    window: Budget.Window
    rolling_window: _duration_pb2.Duration
    time_zone: str
    thresholds: _containers.RepeatedScalarFieldContainer[int]
    soft: bool
    admission: Policy.Admission
    on_exceeded: Exceeded
    increases: _containers.RepeatedCompositeFieldContainer[Increase]
    def __init__(self, unit: _Optional[_Union[Policy.Unit, str]] = ..., limit: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., max_units: _Optional[int] = ..., window: _Optional[_Union[Budget.Window, str]] = ..., rolling_window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., time_zone: _Optional[str] = ..., thresholds: _Optional[_Iterable[int]] = ..., soft: _Optional[bool] = ..., admission: _Optional[_Union[Policy.Admission, str]] = ..., on_exceeded: _Optional[_Union[Exceeded, _Mapping]] = ..., increases: _Optional[_Iterable[_Union[Increase, _Mapping]]] = ...) -> None: ...

class Increase(_message.Message):
    __slots__ = ("amount", "units", "expire_time", "reason")
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    amount: _money_pb2.Money
    units: int
    expire_time: _timestamp_pb2.Timestamp
    reason: str
    def __init__(self, amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., units: _Optional[int] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class Access(_message.Message):
    __slots__ = ("allowed_models", "allowed_methods", "allowed_times", "max_output_tokens")
    ALLOWED_MODELS_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_METHODS_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_TIMES_FIELD_NUMBER: _ClassVar[int]
    MAX_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    allowed_models: _containers.RepeatedScalarFieldContainer[str]
    allowed_methods: _containers.RepeatedScalarFieldContainer[str]
    allowed_times: _containers.RepeatedCompositeFieldContainer[Times]
    max_output_tokens: int
    def __init__(self, allowed_models: _Optional[_Iterable[str]] = ..., allowed_methods: _Optional[_Iterable[str]] = ..., allowed_times: _Optional[_Iterable[_Union[Times, _Mapping]]] = ..., max_output_tokens: _Optional[int] = ...) -> None: ...

class Times(_message.Message):
    __slots__ = ("days", "start", "end", "time_zone")
    DAYS_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    days: _containers.RepeatedScalarFieldContainer[int]
    start: str
    end: str
    time_zone: str
    def __init__(self, days: _Optional[_Iterable[int]] = ..., start: _Optional[str] = ..., end: _Optional[str] = ..., time_zone: _Optional[str] = ...) -> None: ...

class CreatePolicyRequest(_message.Message):
    __slots__ = ("parent", "policy_id", "policy")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    parent: str
    policy_id: str
    policy: Policy
    def __init__(self, parent: _Optional[str] = ..., policy_id: _Optional[str] = ..., policy: _Optional[_Union[Policy, _Mapping]] = ...) -> None: ...

class GetPolicyRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ListPoliciesRequest(_message.Message):
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

class ListPoliciesResponse(_message.Message):
    __slots__ = ("policies", "next_page_token")
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    policies: _containers.RepeatedCompositeFieldContainer[Policy]
    next_page_token: str
    def __init__(self, policies: _Optional[_Iterable[_Union[Policy, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdatePolicyRequest(_message.Message):
    __slots__ = ("policy", "update_mask")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    policy: Policy
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, policy: _Optional[_Union[Policy, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class DeletePolicyRequest(_message.Message):
    __slots__ = ("name", "etag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class InspectPolicyRequest(_message.Message):
    __slots__ = ("name", "max_counts")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MAX_COUNTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    max_counts: int
    def __init__(self, name: _Optional[str] = ..., max_counts: _Optional[int] = ...) -> None: ...

class InspectPolicyResponse(_message.Message):
    __slots__ = ("counts", "partial")
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    counts: _containers.RepeatedCompositeFieldContainer[PolicyCount]
    partial: bool
    def __init__(self, counts: _Optional[_Iterable[_Union[PolicyCount, _Mapping]]] = ..., partial: _Optional[bool] = ...) -> None: ...

class PolicyCount(_message.Message):
    __slots__ = ("bucket", "limit", "taken", "reset_delay")
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    TAKEN_FIELD_NUMBER: _ClassVar[int]
    RESET_DELAY_FIELD_NUMBER: _ClassVar[int]
    bucket: str
    limit: int
    taken: int
    reset_delay: _duration_pb2.Duration
    def __init__(self, bucket: _Optional[str] = ..., limit: _Optional[int] = ..., taken: _Optional[int] = ..., reset_delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class StreamPolicyEventsRequest(_message.Message):
    __slots__ = ("parent", "last_event")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    LAST_EVENT_FIELD_NUMBER: _ClassVar[int]
    parent: str
    last_event: str
    def __init__(self, parent: _Optional[str] = ..., last_event: _Optional[str] = ...) -> None: ...

class StreamPolicyEventsResponse(_message.Message):
    __slots__ = ("event", "policy", "bucket", "unit", "percent", "threshold", "limit", "settled", "window_start_time", "window_end_time", "event_time")
    EVENT_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    PERCENT_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    SETTLED_FIELD_NUMBER: _ClassVar[int]
    WINDOW_START_TIME_FIELD_NUMBER: _ClassVar[int]
    WINDOW_END_TIME_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    event: str
    policy: str
    bucket: str
    unit: Policy.Unit
    percent: int
    threshold: int
    limit: int
    settled: int
    window_start_time: _timestamp_pb2.Timestamp
    window_end_time: _timestamp_pb2.Timestamp
    event_time: _timestamp_pb2.Timestamp
    def __init__(self, event: _Optional[str] = ..., policy: _Optional[str] = ..., bucket: _Optional[str] = ..., unit: _Optional[_Union[Policy.Unit, str]] = ..., percent: _Optional[int] = ..., threshold: _Optional[int] = ..., limit: _Optional[int] = ..., settled: _Optional[int] = ..., window_start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., window_end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DryRunRequest(_message.Message):
    __slots__ = ("parent", "api_key", "model", "user", "ip_address", "method", "input_tokens", "max_output_tokens", "policy")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    IP_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MAX_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    parent: str
    api_key: str
    model: str
    user: str
    ip_address: str
    method: str
    input_tokens: int
    max_output_tokens: int
    policy: Policy
    def __init__(self, parent: _Optional[str] = ..., api_key: _Optional[str] = ..., model: _Optional[str] = ..., user: _Optional[str] = ..., ip_address: _Optional[str] = ..., method: _Optional[str] = ..., input_tokens: _Optional[int] = ..., max_output_tokens: _Optional[int] = ..., policy: _Optional[_Union[Policy, _Mapping]] = ...) -> None: ...

class DryRunResponse(_message.Message):
    __slots__ = ("admitted", "reason", "message", "downgrade_model", "max_output_tokens", "retry_delay", "provider", "verdicts")
    ADMITTED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DOWNGRADE_MODEL_FIELD_NUMBER: _ClassVar[int]
    MAX_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    RETRY_DELAY_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    admitted: bool
    reason: str
    message: str
    downgrade_model: str
    max_output_tokens: int
    retry_delay: _duration_pb2.Duration
    provider: str
    verdicts: _containers.RepeatedCompositeFieldContainer[PolicyVerdict]
    def __init__(self, admitted: _Optional[bool] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., downgrade_model: _Optional[str] = ..., max_output_tokens: _Optional[int] = ..., retry_delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., provider: _Optional[str] = ..., verdicts: _Optional[_Iterable[_Union[PolicyVerdict, _Mapping]]] = ...) -> None: ...

class PolicyVerdict(_message.Message):
    __slots__ = ("policy", "outcome", "unit", "limit", "taken", "wanted", "granted", "reset_delay", "bucket")
    class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        OUTCOME_UNSPECIFIED: _ClassVar[PolicyVerdict.Outcome]
        ADMITTED: _ClassVar[PolicyVerdict.Outcome]
        CLAMPED: _ClassVar[PolicyVerdict.Outcome]
        REFUSED: _ClassVar[PolicyVerdict.Outcome]
        OBSERVED: _ClassVar[PolicyVerdict.Outcome]
    OUTCOME_UNSPECIFIED: PolicyVerdict.Outcome
    ADMITTED: PolicyVerdict.Outcome
    CLAMPED: PolicyVerdict.Outcome
    REFUSED: PolicyVerdict.Outcome
    OBSERVED: PolicyVerdict.Outcome
    POLICY_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    TAKEN_FIELD_NUMBER: _ClassVar[int]
    WANTED_FIELD_NUMBER: _ClassVar[int]
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    RESET_DELAY_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    policy: str
    outcome: PolicyVerdict.Outcome
    unit: Policy.Unit
    limit: int
    taken: int
    wanted: int
    granted: int
    reset_delay: _duration_pb2.Duration
    bucket: str
    def __init__(self, policy: _Optional[str] = ..., outcome: _Optional[_Union[PolicyVerdict.Outcome, str]] = ..., unit: _Optional[_Union[Policy.Unit, str]] = ..., limit: _Optional[int] = ..., taken: _Optional[int] = ..., wanted: _Optional[int] = ..., granted: _Optional[int] = ..., reset_delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., bucket: _Optional[str] = ...) -> None: ...
