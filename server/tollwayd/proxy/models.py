"""The models that a call may use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tollwayd.core.call import Call
    from tollwayd.core.snapshot import Model


def allowed_models(call: Call) -> list[Model]:
    """The models of the call's tenant that its API key may use, ordered by public name."""
    assert call.snapshot is not None
    assert call.principal is not None
    assert call.api_key is not None
    tenant, allows = call.snapshot.tenants[call.principal.tenant], call.api_key.allows
    return [tenant.models[name] for name in tenant.public_names if allows(name)]


def allowed_model(call: Call, public_name: str) -> Model | None:
    """The one of this public name; None where the key may use none of it."""
    assert call.snapshot is not None
    assert call.principal is not None
    assert call.api_key is not None
    models = call.snapshot.tenants[call.principal.tenant].models
    return models.get(public_name) if call.api_key.allows(public_name) else None
