"""A change compiles again what it is part of, and nothing else: whatever else there is stays the very same object."""

from __future__ import annotations

import pytest
from google.protobuf.json_format import ParseDict

from tests.stepped import whole
from tests.unit.proxy.test_compiler import DAMAGED, PRICES, RING, TENANT, api_key, model, other_tenant, provider, tenant
from tollway.admin.v1.models_pb2 import Model
from tollway.admin.v1.policies_pb2 import Policy
from tollway.admin.v1.prices_pb2 import Price
from tollway.admin.v1.tenants_pb2 import Tenant
from tollwayd.core.ports import Change, Resource
from tollwayd.dialects import DIALECTS
from tollwayd.proxy.compiler import Compiler

OTHER = "tenants/other"


def named(kind: str, each: str) -> str:
    return f"{TENANT}/{kind}/{each}"


def policy(limit: int) -> bytes:
    fields = {"rateLimit": {"unit": "REQUESTS", "limit": str(limit), "window": "60s"}}
    return ParseDict(fields, Policy()).SerializeToString()


def renamed(name: str, public_name: str) -> bytes:
    record = Model.FromString(model(name))
    record.public_name = public_name
    return record.SerializeToString()


RECORDS = {
    TENANT: tenant(),
    **{named("providers", each): provider(named("providers", each)) for each in ("p", "q")},
    named("models", "a"): model(named("models", "a"), "p"),
    named("models", "b"): model(named("models", "b"), "q"),
    named("models", "both"): model(named("models", "both"), "p", "q"),
    **{named("policies", each): policy(5) for each in ("x", "y")},
    **{named("apiKeys", each): api_key(named("apiKeys", each), f"the secret of {each}") for each in ("k", "l")},
    **other_tenant(),
}


class Compiled:
    """A compiler and its last two Snapshots."""

    def __init__(self) -> None:
        self.compiler = Compiler(DIALECTS, RING, PRICES)
        self.version = 9
        self.before = self.after = self.load(RECORDS)

    def load(self, records: dict[str, bytes]):
        stored = [Resource(name, 1, record) for name, record in records.items()]
        self.before, self.after = getattr(self, "after", None), whole(self.compiler.compile(self.version, stored))
        return self.after

    def change(self, name: str, record: bytes | None) -> None:
        self.version += 1
        self.before, self.after = self.after, whole(self.compiler.apply([Change(self.version, name, record)]))

    def new_models(self) -> set[str]:
        before = self.before.tenants[TENANT].models
        return {name for name, made in self.after.tenants[TENANT].models.items() if made is not before.get(name)}

    def new_rules(self) -> set[str]:
        before, after = (snapshot.tenants[TENANT].policies for snapshot in (self.before, self.after))
        return {name for name in "xy" if after.limit_rule(name) is not before.limit_rule(name)}

    def new_secrets(self) -> set[str]:
        changed = (key for key, secret in self.after.secrets.items() if secret is not self.before.secrets.get(key))
        return {self.after.secrets[key].api_key.principal.key for key in changed}

    def of_other_tenants_the_same(self) -> bool:
        return self.after.tenants[OTHER] is self.before.tenants[OTHER]


@pytest.fixture
def compiled() -> Compiled:
    return Compiled()


@pytest.mark.parametrize(
    ("name", "record", "models", "rules"),
    [
        (TENANT, tenant(), set(), set()),
        (TENANT, Tenant(name=TENANT, disabled=True).SerializeToString(), set(), set()),
        (TENANT, Tenant(name=TENANT, unknown_price=1).SerializeToString(), {"a", "b", "both"}, set()),
        (named("models", "a"), model(named("models", "a"), "q"), {"a"}, set()),
        (named("models", "a"), renamed(named("models", "a"), "new"), {"new"}, set()),
        (named("models", "c"), model(named("models", "c"), "q"), {"c"}, set()),
        (named("models", "c"), None, set(), set()),
        (named("providers", "p"), provider(named("providers", "p")), {"a", "both"}, set()),
        (named("providers", "q"), None, {"b", "both"}, set()),
        (named("providers", "new"), provider(named("providers", "new")), set(), set()),
        (named("prices", "own"), Price(name=named("prices", "own")).SerializeToString(), {"a", "b", "both"}, set()),
        (named("policies", "x"), policy(6), set(), {"x"}),
        (named("policies", "y"), None, set(), {"y"}),
        (named("tiers", "gold"), DAMAGED, set(), set()),
    ],
)
def test_a_change_makes_new_what_it_is_part_of(compiled, name, record, models, rules):
    compiled.change(name, record)
    assert list(compiled.after.tenants[TENANT].public_names) == sorted(compiled.after.tenants[TENANT].models)
    assert (compiled.new_models(), compiled.new_rules(), compiled.new_secrets()) == (models, rules, set())
    assert compiled.of_other_tenants_the_same()


def test_a_change_of_a_key_makes_nothing_else_new(compiled):
    name = named("apiKeys", "k")
    compiled.change(name, api_key(name, "another secret"))
    assert compiled.new_secrets() == {name}
    assert RING.digests("the secret of k")[0] in compiled.before.secrets
    assert RING.digests("the secret of k")[0] not in compiled.after.secrets
    assert compiled.after.tenants[TENANT] is compiled.before.tenants[TENANT]


def test_what_a_snapshot_holds_stays_when_changes_come(compiled):
    held = compiled.after
    compiled.change(named("models", "a"), None)
    compiled.change(named("policies", "x"), None)
    compiled.change(named("apiKeys", "k"), None)
    compiled.change(TENANT, None)
    assert {*held.tenants[TENANT].models} == {"a", "b", "both"}
    assert held.tenants[TENANT].policies.limit_rule("x")
    assert RING.digests("the secret of k")[0] in held.secrets
    assert TENANT not in compiled.after.tenants


def test_a_public_name_can_go_from_one_model_to_another_at_once(compiled):
    changes = [
        Change(10, named("models", "b"), renamed(named("models", "b"), "free")),
        Change(11, named("models", "a"), renamed(named("models", "a"), "b")),
    ]
    tenant_now = whole(compiled.compiler.apply(changes)).tenants[TENANT]
    assert tenant_now.public_names == ("b", "both", "free")
    assert {public: made.name for public, made in tenant_now.models.items()} == {
        "b": named("models", "a"),
        "free": named("models", "b"),
        "both": named("models", "both"),
    }


def test_loading_it_all_again_makes_new_what_is_another_and_forgets_what_is_gone(compiled):
    gone = {named("models", "b"), named("policies", "y"), named("apiKeys", "l")}
    changed = {named("models", "a"): model(named("models", "a"), "q")}
    compiled.load({name: record for name, record in RECORDS.items() if name not in gone} | changed)
    assert (compiled.new_models(), compiled.new_rules(), compiled.new_secrets()) == ({"a"}, {"y"}, set())
    assert {*compiled.after.tenants[TENANT].models} == {"a", "both"}
    assert compiled.after.tenants[TENANT].public_names == ("a", "both")
    assert compiled.of_other_tenants_the_same()
    assert RING.digests("the secret of l")[0] not in compiled.after.secrets


def test_after_a_defect_all_is_compiled_anew(compiled):
    steps = compiled.compiler.apply([Change(10, named("models", "a"), DAMAGED)])
    next(steps)
    steps.close()
    after = compiled.load(RECORDS)
    assert compiled.new_models() == {"a", "b", "both"}
    assert not after.problems


def test_the_order_of_records_makes_no_difference(compiled):
    reverse = Compiler(DIALECTS, RING, PRICES)
    stored = [Resource(name, 1, record) for name, record in reversed(RECORDS.items())]
    made = whole(reverse.compile(9, stored))
    assert made.problems == compiled.after.problems == {}
    assert {*made.tenants[TENANT].models} == {"a", "b", "both"}
    assert made.tenants[TENANT].public_names == compiled.before.tenants[TENANT].public_names == ("a", "b", "both")
    assert {*made.secrets} == {*compiled.after.secrets}
