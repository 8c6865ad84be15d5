"""Resource names that nothing can have never reach the store."""

from __future__ import annotations

import pytest

from tollwayd.admin.resources.names import require_name
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.resource_names import child_name, id_of, kind_of, tenant_of


def test_names_are_made_and_taken_apart():
    name = child_name("tenants/acme", "models", "gpt")

    assert name == "tenants/acme/models/gpt"
    assert (tenant_of(name), id_of(name)) == ("tenants/acme", "gpt")
    assert tenant_of("tenants/acme") == "tenants/acme"
    assert (kind_of(name), kind_of("tenants/acme")) == ("models", "tenants")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("tenants", "tenants/a"),
        ("tenants", f"tenants/{'a' * 63}"),
        ("models", "tenants/a-1/models/b-2"),
        ("plans", "plans/gold"),
        ("billingAccounts", "billingAccounts/retail"),
    ],
)
def test_a_name_of_the_kind_passes(kind, name):
    require_name(kind, name)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("tenants", ""),
        ("tenants", "tenants/"),
        ("tenants", "tenants/A"),
        ("tenants", "tenants/a\n"),
        ("tenants", "tenants/{a}"),
        ("tenants", f"tenants/{'a' * 64}"),
        ("tenants", "tenants/a/models/b"),
        ("models", "tenants/a"),
        ("models", "tenants/a/providers/b"),
        ("models", "tenants/../models/b"),
        ("models", "tenants/a/models/*"),
        ("models", "tenants/a/models/b/"),
        ("models", "tenants/a/models/\udcff"),
        ("plans", "tenants/a"),
        ("plans", "tenants/a/plans/b"),
        ("billingAccounts", "plans/a"),
    ],
)
def test_any_other_name_is_not_found(kind, name):
    with pytest.raises(TollwayError) as caught:
        require_name(kind, name)

    assert caught.value.reason == Reason.REASON_RESOURCE_NOT_FOUND
    assert caught.value.message == "No resource can have this name; ids are lower-case letters, digits and hyphens."
