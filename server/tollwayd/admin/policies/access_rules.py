"""What access rules have to be before they are stored, and which methods policies can name."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tollway.proxy.v1 import anthropic_pb2, inference_pb2, openai_pb2
from tollwayd.admin.time_zones import check_zone
from tollwayd.core.errors import invalid_field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollway.admin.v1.policies_pb2 import Access

__all__ = ["check_access", "check_methods", "proxy_methods"]

_SERVICES = (openai_pb2, anthropic_pb2, inference_pb2)


def check_access(path: str, message: Access) -> None:
    """REASON_FIELD_INVALID; `path` is the message's own, in JSON names."""
    if not message.ListFields():
        raise invalid_field(
            path, "sets no condition; write allowedModels, allowedMethods, allowedTimes or maxOutputTokens"
        )
    for position, model in enumerate(message.allowed_models):
        if "*" in model:
            raise invalid_field(
                f"{path}.allowedModels[{position}]",
                "is no pattern; write a model's public name, or leave allowedModels out to allow all",
            )
    check_methods(f"{path}.allowedMethods", message.allowed_methods)
    for position, times in enumerate(message.allowed_times):
        check_zone(f"{path}.allowedTimes[{position}].timeZone", times.time_zone)


def check_methods(path: str, names: Sequence[str]) -> None:
    """REASON_FIELD_INVALID where one is no method that programs call: a rule about it would never do anything."""
    for position, name in enumerate(names):
        if name not in proxy_methods():
            known = ", ".join(sorted(proxy_methods()))
            raise invalid_field(f"{path}[{position}]", f"is no method of the Proxy API; these are: {known}")


@cache
def proxy_methods() -> frozenset[str]:
    """The full names of the Proxy API's methods, `tollway.proxy.v1.OpenAIService/CreateChatCompletion`."""
    services = [service for module in _SERVICES for service in module.DESCRIPTOR.services_by_name.values()]
    return frozenset(f"{service.full_name}/{method.name}" for service in services for method in service.methods)
