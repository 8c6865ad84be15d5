"""The methods that policies can name are those of the Proxy API, all of them."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import tollway.proxy.v1
from tollwayd.admin.policies.access_rules import proxy_methods


def test_every_method_of_the_proxy_api_can_be_named():
    modules = [
        import_module(f"tollway.proxy.v1.{found.name}")
        for found in iter_modules(tollway.proxy.v1.__path__)
        if found.name.endswith("_pb2")
    ]
    services = [service for module in modules for service in module.DESCRIPTOR.services_by_name.values()]
    methods = {f"{service.full_name}/{method.name}" for service in services for method in service.methods}

    assert methods
    assert proxy_methods() == methods
