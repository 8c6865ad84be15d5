from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.rpc import code_pb2 as _code_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Reason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REASON_UNSPECIFIED: _ClassVar[Reason]
    REASON_INTERNAL: _ClassVar[Reason]
    REASON_DEADLINE_EXCEEDED: _ClassVar[Reason]
    REASON_CANCELLED: _ClassVar[Reason]
    REASON_STORE_UNAVAILABLE: _ClassVar[Reason]
    REASON_SHUTTING_DOWN: _ClassVar[Reason]
    REASON_CREDENTIAL_MISSING: _ClassVar[Reason]
    REASON_CREDENTIAL_INVALID: _ClassVar[Reason]
    REASON_CREDENTIAL_EXPIRED: _ClassVar[Reason]
    REASON_CREDENTIAL_DISABLED: _ClassVar[Reason]
    REASON_PERMISSION_DENIED: _ClassVar[Reason]
    REASON_MODEL_NOT_ALLOWED: _ClassVar[Reason]
    REASON_MODEL_NOT_FOUND: _ClassVar[Reason]
    REASON_RESOURCE_NOT_FOUND: _ClassVar[Reason]
    REASON_RESOURCE_EXISTS: _ClassVar[Reason]
    REASON_ETAG_MISMATCH: _ClassVar[Reason]
    REASON_RESOURCE_IN_USE: _ClassVar[Reason]
    REASON_REFERENCE_NOT_FOUND: _ClassVar[Reason]
    REASON_FIELD_INVALID: _ClassVar[Reason]
    REASON_JSON_INVALID: _ClassVar[Reason]
    REASON_JSON_TOO_DEEP: _ClassVar[Reason]
    REASON_PAGE_TOKEN_INVALID: _ClassVar[Reason]
    REASON_FILTER_INVALID: _ClassVar[Reason]
    REASON_FEATURE_UNSUPPORTED: _ClassVar[Reason]
    REASON_BODY_TOO_LARGE: _ClassVar[Reason]
    REASON_MEDIA_TYPE_UNSUPPORTED: _ClassVar[Reason]
    REASON_METHOD_NOT_ALLOWED: _ClassVar[Reason]
    REASON_ROUTE_NOT_FOUND: _ClassVar[Reason]
    REASON_REQUEST_MALFORMED: _ClassVar[Reason]
    REASON_METHOD_NOT_FOUND: _ClassVar[Reason]
    REASON_REQUEST_TIMEOUT: _ClassVar[Reason]
    REASON_MESSAGE_MISSING: _ClassVar[Reason]
    REASON_UPGRADE_REQUIRED: _ClassVar[Reason]
    REASON_ENCODING_UNSUPPORTED: _ClassVar[Reason]
    REASON_EGRESS_DENIED: _ClassVar[Reason]
    REASON_UPSTREAM_UNREACHABLE: _ClassVar[Reason]
    REASON_UPSTREAM_TIMEOUT: _ClassVar[Reason]
    REASON_UPSTREAM_INVALID: _ClassVar[Reason]
    REASON_UPSTREAM_INTERRUPTED: _ClassVar[Reason]
    REASON_UPSTREAM_CREDENTIAL_REFUSED: _ClassVar[Reason]
    REASON_UPSTREAM_RATE_LIMITED: _ClassVar[Reason]
    REASON_UPSTREAM_REJECTED: _ClassVar[Reason]
    REASON_UPSTREAM_MODEL_NOT_FOUND: _ClassVar[Reason]
    REASON_UPSTREAM_OVERLOADED: _ClassVar[Reason]
    REASON_UPSTREAM_FAILED: _ClassVar[Reason]
    REASON_MODEL_UNUSABLE: _ClassVar[Reason]
    REASON_PRECONDITION_UNSUPPORTED: _ClassVar[Reason]
    REASON_HTTP_METHOD_UNSUPPORTED: _ClassVar[Reason]
    REASON_NOT_ACCEPTABLE: _ClassVar[Reason]
    REASON_TARGET_TOO_LONG: _ClassVar[Reason]
    REASON_HEADERS_TOO_LARGE: _ClassVar[Reason]
    REASON_TRANSFER_CODING_UNSUPPORTED: _ClassVar[Reason]
    REASON_CONNECTIONS_EXHAUSTED: _ClassVar[Reason]
REASON_UNSPECIFIED: Reason
REASON_INTERNAL: Reason
REASON_DEADLINE_EXCEEDED: Reason
REASON_CANCELLED: Reason
REASON_STORE_UNAVAILABLE: Reason
REASON_SHUTTING_DOWN: Reason
REASON_CREDENTIAL_MISSING: Reason
REASON_CREDENTIAL_INVALID: Reason
REASON_CREDENTIAL_EXPIRED: Reason
REASON_CREDENTIAL_DISABLED: Reason
REASON_PERMISSION_DENIED: Reason
REASON_MODEL_NOT_ALLOWED: Reason
REASON_MODEL_NOT_FOUND: Reason
REASON_RESOURCE_NOT_FOUND: Reason
REASON_RESOURCE_EXISTS: Reason
REASON_ETAG_MISMATCH: Reason
REASON_RESOURCE_IN_USE: Reason
REASON_REFERENCE_NOT_FOUND: Reason
REASON_FIELD_INVALID: Reason
REASON_JSON_INVALID: Reason
REASON_JSON_TOO_DEEP: Reason
REASON_PAGE_TOKEN_INVALID: Reason
REASON_FILTER_INVALID: Reason
REASON_FEATURE_UNSUPPORTED: Reason
REASON_BODY_TOO_LARGE: Reason
REASON_MEDIA_TYPE_UNSUPPORTED: Reason
REASON_METHOD_NOT_ALLOWED: Reason
REASON_ROUTE_NOT_FOUND: Reason
REASON_REQUEST_MALFORMED: Reason
REASON_METHOD_NOT_FOUND: Reason
REASON_REQUEST_TIMEOUT: Reason
REASON_MESSAGE_MISSING: Reason
REASON_UPGRADE_REQUIRED: Reason
REASON_ENCODING_UNSUPPORTED: Reason
REASON_EGRESS_DENIED: Reason
REASON_UPSTREAM_UNREACHABLE: Reason
REASON_UPSTREAM_TIMEOUT: Reason
REASON_UPSTREAM_INVALID: Reason
REASON_UPSTREAM_INTERRUPTED: Reason
REASON_UPSTREAM_CREDENTIAL_REFUSED: Reason
REASON_UPSTREAM_RATE_LIMITED: Reason
REASON_UPSTREAM_REJECTED: Reason
REASON_UPSTREAM_MODEL_NOT_FOUND: Reason
REASON_UPSTREAM_OVERLOADED: Reason
REASON_UPSTREAM_FAILED: Reason
REASON_MODEL_UNUSABLE: Reason
REASON_PRECONDITION_UNSUPPORTED: Reason
REASON_HTTP_METHOD_UNSUPPORTED: Reason
REASON_NOT_ACCEPTABLE: Reason
REASON_TARGET_TOO_LONG: Reason
REASON_HEADERS_TOO_LARGE: Reason
REASON_TRANSFER_CODING_UNSUPPORTED: Reason
REASON_CONNECTIONS_EXHAUSTED: Reason
RULE_FIELD_NUMBER: _ClassVar[int]
rule: _descriptor.FieldDescriptor

class ReasonRule(_message.Message):
    __slots__ = ("code", "http_status", "text")
    CODE_FIELD_NUMBER: _ClassVar[int]
    HTTP_STATUS_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    code: _code_pb2.Code
    http_status: int
    text: str
    def __init__(self, code: _Optional[_Union[_code_pb2.Code, str]] = ..., http_status: _Optional[int] = ..., text: _Optional[str] = ...) -> None: ...
