"""Server reflection v1 and v1alpha.

grpcio-reflection serves v1alpha alone and cannot find a method by its name, which `grpcurl describe` asks for; the two
versions are the same on the wire (grpc/grpc#38576).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha._async import ReflectionServicer

if TYPE_CHECKING:
    from collections.abc import Iterable

_V1 = "grpc.reflection.v1.ServerReflection"


class _Reflection(ReflectionServicer):  # type: ignore[misc]  # the package has no types
    def _file_containing_symbol(
        self, request: reflection_pb2.ServerReflectionRequest, name: str
    ) -> reflection_pb2.ServerReflectionResponse:
        answer = super()._file_containing_symbol(request, name)
        if not answer.HasField("error_response"):
            return answer
        service, _, _ = name.rpartition(".")
        return super()._file_containing_symbol(request, service) if service else answer


def add_reflection(server: grpc.aio.Server, services: Iterable[str]) -> None:
    """Serves reflection of these services, and of itself."""
    servicer = _Reflection((*services, reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"].full_name, _V1))
    reflection_pb2_grpc.add_ServerReflectionServicer_to_server(servicer, server)
    method = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_V1, {"ServerReflectionInfo": method}),))
