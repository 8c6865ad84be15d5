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
    models = call.snapshot.tenants[call.principal.tenant].models
    return [model for name, model in sorted(models.items()) if call.api_key.allows(name)]
