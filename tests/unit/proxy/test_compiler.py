"""Records that cannot be used are left out, and nothing else with them."""

from __future__ import annotations

import pytest

from tests.stepped import whole
from tollway.admin.v1.models_pb2 import Model, Target
from tollway.admin.v1.providers_pb2 import Provider
from tollway.admin.v1.tenants_pb2 import Tenant
from tollway.config.v1.records_pb2 import ApiKeyRecord, ProviderRecord, SealedSecret
from tollwayd import prices
from tollwayd.core.metering.prices.price_list import PriceList
from tollwayd.core.origin import Origin
from tollwayd.core.ports import Change, Resource
from tollwayd.core.sealing import credential_context
from tollwayd.dialects import DIALECTS
from tollwayd.proxy.compiler import Compiler
from tollwayd.security.keyring import Keyring

PRICES = PriceList(prices.read())
RING = Keyring({"k1": b"k" * 32})
SECRET = "a secret"
DAMAGED = b"\xff\xff"
TENANT = "tenants/acme"
PROVIDER = f"{TENANT}/providers/p"
MODEL = f"{TENANT}/models/m"
KEY = f"{TENANT}/apiKeys/k"


def provider(name: str = PROVIDER, base_url: str = "https://api.example.com/v1", **fields: object) -> bytes:
    message = Provider(name=name, dialect="openai.chat", base_url=base_url)
    record = ProviderRecord(provider=message)
    record.MergeFrom(ProviderRecord(**fields))
    return record.SerializeToString()


def model(name: str = MODEL, *targets: str) -> bytes:
    made = [Target(provider=target, model="m-upstream") for target in targets or ("p",)]
    return Model(name=name, public_name=name.rpartition("/")[2], targets=made).SerializeToString()


def tenant(name: str = TENANT) -> bytes:
    return Tenant(name=name).SerializeToString()


def api_key(name: str = KEY, secret: str = SECRET) -> bytes:
    record = ApiKeyRecord(digests=[RING.digest(secret)])
    record.api_key.name = name
    return record.SerializeToString()


def wrong_dialect() -> bytes:
    return ProviderRecord(
        provider=Provider(name=PROVIDER, dialect="gone.dialect", base_url="https://x.example")
    ).SerializeToString()


def long_timeout() -> bytes:
    record = ProviderRecord.FromString(provider())
    record.provider.timeouts.total.seconds = 2**62
    return record.SerializeToString()


GOOD = {TENANT: tenant(), PROVIDER: provider(), MODEL: model(), KEY: api_key()}
FOREIGN = SealedSecret(key_id="elsewhere", nonce=b"n" * 12, ciphertext=b"c" * 32)


def compiled(compiler: Compiler, records: dict[str, bytes]):
    return whole(compiler.compile(7, [Resource(name, 1, record) for name, record in records.items()]))


def other_tenant() -> dict[str, bytes]:
    """One that has nothing to do with the tenant that is harmed."""
    return {
        name.replace(TENANT, "tenants/other"): record
        for name, record in {
            TENANT: tenant("tenants/other"),
            PROVIDER: provider("tenants/other/providers/p"),
            MODEL: model("tenants/other/models/m"),
            KEY: api_key("tenants/other/apiKeys/k", "another secret"),
        }.items()
    }


@pytest.fixture
def compiler() -> Compiler:
    return Compiler(DIALECTS, RING, PRICES)


@pytest.mark.parametrize(
    ("name", "record"),
    [
        (TENANT, DAMAGED),
        (KEY, DAMAGED),
        (MODEL, DAMAGED),
        (PROVIDER, DAMAGED),
        pytest.param(PROVIDER, provider(base_url="https://a..b/v1"), id="a URL that today's rules refuse"),
        pytest.param(PROVIDER, provider(base_url="https://a.example/" + "x" * 40_000), id="a head that is too long"),
        pytest.param(PROVIDER, provider(api_key=FOREIGN), id="a key that is not in the keyring"),
        pytest.param(PROVIDER, wrong_dialect(), id="a dialect that does not exist"),
    ],
)
def test_a_record_that_cannot_be_used_harms_nothing_else(compiler, name, record):
    snapshot = compiled(compiler, {**GOOD, **other_tenant(), name: record})
    other = snapshot.tenants["tenants/other"].models["m"]
    assert [target.provider.name for tier in other.tiers for target in tier] == ["tenants/other/providers/p"]
    assert RING.digests("another secret")[0] in snapshot.secrets
    assert name in snapshot.problems
    assert not [problem for problem in snapshot.problems if problem.startswith("tenants/other")]


@pytest.mark.parametrize("name", [*GOOD])
def test_a_record_damaged_by_a_change_is_left_out_as_well(compiler, name):
    before = compiled(compiler, {**GOOD, **other_tenant()})
    assert not before.problems
    after = whole(compiler.apply([Change(8, name, DAMAGED)]))
    assert after.version == 8
    assert name in after.problems
    assert after.tenants["tenants/other"].models["m"].tiers


def test_a_timeout_beyond_all_rules_harms_nothing(compiler):
    assert compiled(compiler, {**GOOD, PROVIDER: long_timeout()}).tenants[TENANT].models["m"].tiers


def test_a_credential_opens_for_what_it_was_sealed_for(compiler):
    context = credential_context(PROVIDER, Origin("https", "api.example.com", 443))
    snapshot = compiled(compiler, {**GOOD, PROVIDER: provider(api_key=RING.seal("sk-sealed", context))})
    ((target,),) = snapshot.tenants[TENANT].models["m"].tiers
    assert target.provider.credential == "sk-sealed"


def test_a_tenant_that_cannot_be_read_serves_nobody(compiler):
    compiled(compiler, GOOD)
    assert TENANT not in whole(compiler.apply([Change(8, TENANT, DAMAGED)])).tenants


def test_a_key_that_cannot_be_read_opens_nothing(compiler):
    assert compiled(compiler, GOOD).secrets
    assert not whole(compiler.apply([Change(8, KEY, DAMAGED)])).secrets


def test_one_target_that_cannot_be_used_leaves_the_others(compiler):
    broken = f"{TENANT}/providers/broken"
    records = {**GOOD, broken: provider(broken, "https://a..b"), MODEL: model(MODEL, "broken", "p")}
    snapshot = compiled(compiler, records)
    (tier,) = snapshot.tenants[TENANT].models["m"].tiers
    assert [target.provider.name for target in tier] == [PROVIDER]
    assert {*snapshot.problems} == {broken, MODEL}


def test_a_problem_says_nothing_of_a_secret(compiler):
    record = ProviderRecord.FromString(provider(base_url="https://user:canary@api.example.com"))
    snapshot = compiled(compiler, {**GOOD, PROVIDER: record.SerializeToString()})
    assert "canary" not in str(snapshot.problems)


@pytest.mark.parametrize("name", [*GOOD])
def test_a_problem_ends_with_its_cause(compiler, name):
    assert compiled(compiler, {**GOOD, name: DAMAGED}).problems
    snapshot = whole(compiler.apply([Change(8, name, GOOD[name])]))
    assert not snapshot.problems
    assert snapshot.tenants[TENANT].models["m"].tiers
    assert snapshot.secrets


def test_a_problem_of_a_model_ends_when_its_provider_is_mended(compiler):
    assert MODEL in compiled(compiler, {**GOOD, PROVIDER: wrong_dialect()}).problems
    assert not whole(compiler.apply([Change(8, PROVIDER, GOOD[PROVIDER])])).problems


def test_problems_end_with_what_had_them(compiler):
    assert {*compiled(compiler, {**GOOD, PROVIDER: DAMAGED, KEY: DAMAGED}).problems} == {PROVIDER, MODEL, KEY}
    changes = [Change(8 + number, name, None) for number, name in enumerate((MODEL, PROVIDER, KEY, TENANT))]
    assert not whole(compiler.apply(changes)).problems


def test_a_problem_outlasts_changes_of_others(compiler):
    compiled(compiler, {**GOOD, **other_tenant(), PROVIDER: DAMAGED, KEY: DAMAGED})
    snapshot = whole(compiler.apply([Change(8, "tenants/other", tenant("tenants/other")), Change(9, TENANT, tenant())]))
    assert {*snapshot.problems} == {PROVIDER, MODEL, KEY}


def test_what_is_the_operators_own_is_no_tenant():
    compiler = Compiler(DIALECTS, RING, PRICES)
    kept = [Resource(f"{kind}/acme", 1, DAMAGED) for kind in ("plans", "billingAccounts")]
    snapshot = whole(compiler.compile(1, [Resource(TENANT, 1, tenant()), *kept]))
    assert (set(snapshot.tenants), snapshot.problems) == ({TENANT}, {})
    snapshot = whole(compiler.apply([Change(2, "plans/other", DAMAGED), Change(3, "plans/acme", None)]))
    assert (set(snapshot.tenants), snapshot.problems, snapshot.version) == ({TENANT}, {}, 3)


def test_a_providers_dialect_is_that_of_its_host(compiler):
    made = compiled(compiler, {**GOOD, PROVIDER: provider(base_url="https://api.deepseek.com/v1")})
    ((target,),) = made.tenants[TENANT].models["m"].tiers
    dialect = target.provider.dialect
    asked = dialect.peek(b'{"model":"m","max_completion_tokens":7}')
    assert dialect.relay_request(asked, "up") == b'{"model":"up","max_tokens":7}'
