"""Which protocol a request speaks whose path is a method's name: its content type says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from google.protobuf.descriptor_pb2 import MethodOptions

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.answers.errors import ACCEPT_POST, ALLOW, JSON
from tollwayd.translator.wires.rpc import connect, connect_stream, grpc_web
from tollwayd.translator.wires.rpc.connect import Connect, ConnectGet
from tollwayd.translator.wires.rpc.connect_stream import ConnectStream
from tollwayd.translator.wires.rpc.grpc_web import GrpcWeb, GrpcWebText

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tollwayd.rpc.registry import Method
    from tollwayd.translator.answers.reply import Reply
    from tollwayd.translator.request import Request
    from tollwayd.translator.wires.rpc.rpc_wire import Refuse
    from tollwayd.translator.wires.wire import Site, Wire


class Form(NamedTuple):
    """One content type: its wire, the codec of its messages, the methods that it is for, and how it says errors."""

    wire: Callable[..., Wire]
    codec: str
    takes: Callable[[Method], bool]
    refuse: Refuse


def _streams(method: Method) -> bool:
    return bool(method.descriptor.client_streaming or method.descriptor.server_streaming)


def _is_unary(method: Method) -> bool:
    return not _streams(method)


def _any(_: Method) -> bool:
    return True


def _forms() -> Mapping[str, Form]:
    forms = {}
    for codec in ("proto", "json"):
        stream = f"application/connect+{codec}"
        forms[f"application/{codec}"] = Form(Connect, codec, _is_unary, connect.refuse)
        forms[stream] = Form(ConnectStream, codec, _streams, connect_stream.refuser(stream))
        for base, wire in ((grpc_web.GRPC_WEB, GrpcWeb), (grpc_web.GRPC_WEB_TEXT, GrpcWebText)):
            name = f"{base}+{codec}"
            forms[name] = Form(wire, codec, _any, grpc_web.refuser(name))
    for base in (grpc_web.GRPC_WEB, grpc_web.GRPC_WEB_TEXT):
        forms[base] = forms[f"{base}+proto"]
    return forms


_FORMS: Final = _forms()
_GET: Final = ("GET", "HEAD")  # RFC 9110, section 9.3.2.


def method_wire(request: Request, reply: Reply, site: Site, method: Method, query: str) -> Wire:
    """The wire of a request for the method; TollwayError where it speaks no protocol that the method has."""
    if request.method in _GET and _has_no_side_effects(method):
        return ConnectGet(request, reply, site, method, query)
    if request.method != "POST":
        raise TollwayError(Reason.REASON_METHOD_NOT_ALLOWED, metadata={ALLOW: ", ".join(http_methods(method))})
    form = _form(request)
    if form is None or not form.takes(method):
        taken = ", ".join(name for name, each in _FORMS.items() if each.takes(method))
        raise TollwayError(
            Reason.REASON_MEDIA_TYPE_UNSUPPORTED,
            "This content type is not taken here. The Accept-Post header names those that are.",
            metadata={ACCEPT_POST: taken},
        )
    return form.wire(request, reply, site, method, site.codecs[form.codec])


def http_methods(method: Method) -> tuple[str, ...]:
    """The HTTP methods that the path of the method's name takes."""
    return ("GET", "HEAD", "OPTIONS", "POST") if _has_no_side_effects(method) else ("OPTIONS", "POST")


def stranger(request: Request) -> Refuse | None:
    """How to refuse a request for a method that is not there; None where it speaks none of these protocols.

    JSON is everybody's: only with Connect's own header it is a message of that protocol.
    """
    form = _form(request)
    if form is None or request.method != "POST":
        return None
    if form is _FORMS[JSON] and "connect-protocol-version" not in request.headers:
        return None
    return form.refuse


def _form(request: Request) -> Form | None:
    content_type = request.headers.get("content-type", "")
    return _FORMS.get(content_type) or _FORMS.get(content_type.partition(";")[0].strip().lower())


def _has_no_side_effects(method: Method) -> bool:
    level = method.descriptor.GetOptions().idempotency_level
    return bool(level == MethodOptions.NO_SIDE_EFFECTS) and _is_unary(method)
