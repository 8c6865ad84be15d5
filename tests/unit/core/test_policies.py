"""Policies: which calls they are about, what those must be admitted by, and what becomes of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from google.protobuf.json_format import ParseDict
from hypothesis import given
from hypothesis import strategies as st

from tollway.admin.v1.policies_pb2 import Policy, Subject
from tollwayd.core.errors import RULES, TollwayError
from tollwayd.core.metering.limits.limit import Algorithm, Refusal, Standing, StoreError
from tollwayd.core.metering.limits.reasons import reason_of
from tollwayd.core.metering.policies.compiling import compile_policy, unreadable
from tollwayd.core.metering.policies.count_name import MAX_PART, part
from tollwayd.core.metering.policies.demand import Demand
from tollwayd.core.metering.policies.facts import Facts
from tollwayd.core.metering.policies.policy_set import NO_POLICIES, PolicySet
from tollwayd.core.metering.unit import Unit

NOW = int(datetime(2026, 11, 27, 16, 0, tzinfo=UTC).timestamp() * 1000)  # A Friday.
DEMAND = Demand(
    input_strict=400, input_estimate=100, max_output=1000, cost_strict=10_400, cost_estimate=10_100, cost_fixed=400
)
RPM = {"rateLimit": {"unit": "REQUESTS", "limit": "600", "window": "60s"}}
CHAT = "tollway.proxy.v1.OpenAIService/CreateChatCompletion"


def facts(api_key: str = "app", model: str = "gpt", **more) -> Facts:
    return Facts(api_key, model, **{"method": CHAT, "ip": "203.0.113.7", **more})


def policies(*, tiers=(), **named) -> PolicySet:
    """Of policies by id, as they are in JSON."""
    messages = {each: ParseDict(policy, Policy()) for each, policy in named.items()}
    return PolicySet([compile_policy(each, policy.subject, policy) for each, policy in messages.items()], tiers)


def limits(policy, call: Facts, demand: Demand = DEMAND, now_ms: int = NOW):
    return policies(p=policy).limits(call, demand, now_ms)


def budget(**fields):
    return {"budget": {"unit": "TOTAL_TOKENS", "maxUnits": "1000", "window": "CALENDAR_MONTH", **fields}}


def rate(**fields):
    return {"rateLimit": {"unit": "TOTAL_TOKENS", "limit": "1000", "window": "60s", **fields}}


def buckets(subject, call: Facts) -> list[str]:
    """The names of the counts that a call meets, behind the policy's own."""
    return [limit.bucket.partition("|")[2] for limit in limits({"subject": subject, **RPM}, call)]


@pytest.mark.parametrize(
    ("subject", "call", "expected"),
    [
        ({}, facts(), [""]),
        ({"apiKey": "app"}, facts(), [""]),
        ({"apiKey": "app"}, facts("other"), []),
        ({"apiKey": "*"}, facts("other"), ["k=other"]),
        ({"keyGroup": "batch"}, facts(groups=frozenset({"batch", "night"})), [""]),
        ({"keyGroup": "batch"}, facts(), []),
        ({"keyGroup": "*"}, facts(groups=frozenset({"batch", "night"})), ["g=batch", "g=night"]),
        ({"keyGroup": "*"}, facts(), []),
        ({"tier": "gold"}, facts(tier="gold"), [""]),
        ({"tier": "*"}, facts(tier="gold"), ["t=gold"]),
        ({"tier": "*"}, facts(), []),
        ({"model": "gpt"}, facts(), [""]),
        ({"model": "gpt"}, facts(model="claude"), []),
        ({"model": "*"}, facts(model="claude"), ["m=claude"]),
        ({"ip": "203.0.113.0/24"}, facts(), [""]),
        ({"ip": "203.0.113.0/24"}, facts(ip="::ffff:203.0.113.9"), [""]),
        ({"ip": "203.0.113.0/24"}, facts(ip="198.51.100.1"), []),
        ({"ip": "203.0.113.0/24"}, facts(ip=""), []),
        ({"ip": "2001:db8::/32"}, facts(ip="2001:db8::1%eth0"), [""]),
        ({"ip": "*"}, facts(ip="2001:0db8::1"), ["i=2001:db8::1"]),
        ({"ip": "*"}, facts(ip=""), []),
        ({"methods": [CHAT]}, facts(), [""]),
        ({"methods": ["tollway.proxy.v1.AnthropicService/CreateMessage"]}, facts(), []),
        ({"user": {"header": "x-user", "value": "*"}}, facts(), ["k=app|u="]),
        ({"user": {"header": "x-user"}}, facts(headers={"x-user": "ann"}), ["k=app|u=ann"]),
        ({"user": {"header": "x-user", "value": "ann"}}, facts(headers={"x-user": "ann"}), ["k=app"]),
        ({"user": {"header": "x-user", "value": "ann"}}, facts(headers={"x-user": "bob"}), []),
        ({"apiKey": "*", "user": {"header": "x-user"}}, facts(headers={"x-user": "ann"}), ["k=app|u=ann"]),
        ({"apiKey": "app", "model": "*", "tier": "gold"}, facts(tier="gold"), ["m=gpt"]),
        ({"apiKey": "app", "model": "*", "tier": "gold"}, facts(tier="iron"), []),
    ],
)
def test_a_policy_is_about_the_calls_that_meet_all_its_conditions(subject, call, expected):
    assert buckets(subject, call) == expected


VALUES = st.one_of(st.text(max_size=12), st.text(alphabet="ab|=%#ku ", max_size=6), st.text(min_size=100, max_size=300))


@given(VALUES, VALUES)
def test_two_values_never_share_a_count(one, other):
    assert (part(one) == part(other)) is (one == other)
    assert not set(part(one)) & set("| \n\x1f")
    assert len(part(one)) <= MAX_PART


def test_nobody_can_be_called_what_stands_for_a_long_name():
    hashed = part("x" * 300)
    assert hashed.startswith("#")
    assert {part(hashed), part(hashed[1:])}.isdisjoint({hashed})


@given(st.tuples(VALUES, VALUES, VALUES), st.tuples(VALUES, VALUES, VALUES))
def test_two_callers_never_share_a_count_whatever_they_call_themselves(one, other):
    subject = {"user": {"header": "x-user"}, "model": "*"}

    def names(key, user, model):
        return buckets(subject, facts(key, model or "m", headers={"x-user": user}))

    same = one[:2] == other[:2] and (one[2] or "m") == (other[2] or "m")
    assert (names(*one) == names(*other)) is same


FEW = st.sampled_from(["", "a", "b", "*"])
SUBJECTS = st.builds(
    lambda *values: dict(zip(("apiKey", "keyGroup", "tier", "model"), values, strict=True)), FEW, FEW, FEW, FEW
)
CALLS = st.builds(
    lambda key, groups, tier, model: facts(key, model, groups=frozenset(groups), tier=tier),
    st.sampled_from("ab"),
    st.sets(st.sampled_from("ab")),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from("ab"),
)


@given(st.lists(SUBJECTS, max_size=12), CALLS)
def test_no_policy_that_is_about_a_call_is_overlooked(subjects, call):
    named = {f"p{number}": {"subject": subject, **RPM} for number, subject in enumerate(subjects)}
    found = [limit.bucket for limit in policies(**named).limits(call, DEMAND, NOW)]
    alone = [limit.bucket for name in named for limit in policies(**{name: named[name]}).limits(call, DEMAND, NOW)]

    def meets(subject):
        values = ((call.api_key,), call.groups, (call.tier,), (call.model,))
        pairs = zip(subject.values(), values, strict=True)
        return all(not want or (any(has) if want == "*" else want in has) for want, has in pairs)

    assert sorted(found) == sorted(alone)
    assert {limit.partition(".")[0] for limit in found} == {
        name for name, subject in zip(named, subjects, strict=True) if meets(subject)
    }


def test_what_was_counted_otherwise_is_another_count():
    named = [
        limits(policy, facts())[0].bucket
        for policy in (
            rate(),
            rate(unit="INPUT_TOKENS"),
            rate(window="61s"),
            rate(algorithm="FIXED_WINDOW"),
            budget(),
            budget(window="CALENDAR_DAY"),
            {"concurrency": {"limit": 1}},
        )
    ]

    assert len(set(named)) == len(named)
    assert limits(rate(limit="5"), facts())[0].bucket == named[0]


@pytest.mark.parametrize(
    ("unit", "admission", "amount", "least"),
    [
        ("REQUESTS", "STRICT", 1, 1),
        ("INPUT_TOKENS", "STRICT", 400, 400),
        ("OUTPUT_TOKENS", "STRICT", 1000, 1000),
        ("TOTAL_TOKENS", "STRICT", 1400, 1400),
        ("COST", "STRICT", 10_400, 10_400),
        ("INPUT_TOKENS", "CLAMP", 400, 400),
        ("OUTPUT_TOKENS", "CLAMP", 1000, 1),
        ("TOTAL_TOKENS", "CLAMP", 1400, 401),
        ("COST", "CLAMP", 10_400, 411),
        ("TOTAL_TOKENS", "ADMISSION_UNSPECIFIED", 1400, 401),
        ("INPUT_TOKENS", "SHRINK", 100, 1),
        ("OUTPUT_TOKENS", "SHRINK", 1000, 1),
        ("TOTAL_TOKENS", "SHRINK", 1100, 1),
        ("COST", "SHRINK", 10_100, 1),
    ],
)
def test_what_a_call_asks_for(unit, admission, amount, least):
    (limit,) = limits(rate(unit=unit, admission=admission, costLimit={"currencyCode": "USD", "units": "1"}), facts())

    assert (limit.amount, limit.least) == (amount, least)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**5), st.integers(0, 10**8), st.data())
def test_a_clamped_call_costs_no_more_than_it_was_granted(input_price, output_price, tokens, max_output, data):
    def most(input_tokens, output_tokens, _at=0.0):
        return -(-(input_tokens * input_price + output_tokens * output_price) // 10**6)

    class Price:
        version, max_output_tokens = "1", None

    Price.most = staticmethod(most)
    demand = Demand.of(Price(), tokens, tokens, max_output, 0.0)
    cost = policies(p=rate(unit="COST", admission="CLAMP", costLimit={"currencyCode": "USD", "units": "1"}))
    (limit,) = cost.limits(facts(), demand, NOW)
    granted = data.draw(st.integers(limit.least, limit.amount))
    left = cost.max_output([Standing(limit, granted, 0, 0)], demand)

    assert most(tokens, max_output if left is None else left) <= granted
    assert left is None or 1 <= left <= max_output


def test_max_tokens_are_lowered_to_what_the_tightest_clamping_limit_left():
    held = policies(
        a=rate(),
        b=rate(unit="OUTPUT_TOKENS"),
        c=rate(unit="OUTPUT_TOKENS", admission="SHRINK"),
        d={"mode": "OBSERVE", **rate()},
    )
    found = held.limits(facts(), DEMAND, NOW)

    def lowered(*granted):
        return held.max_output([Standing(*each, 0, 0) for each in zip(found, granted, strict=True)], DEMAND)

    assert lowered(1400, 1000, 1000, 1400) is None
    assert lowered(900, 1000, 1000, 1400) == 500
    assert lowered(900, 30, 1000, 1400) == 30
    assert lowered(1400, 1000, 1, 1) is None
    assert lowered(401, 1000, 1, 1) == 1


def test_a_rate_limit():
    (limit,) = limits(rate(algorithm="TOKEN_BUCKET", burst="50", leased=True), facts())
    assert (limit.policy, limit.unit, limit.algorithm) == ("p", Unit.TOTAL_TOKENS, Algorithm.BUCKET)
    assert (limit.limit, limit.burst, limit.window_ms, limit.leased) == (1000, 50, 60_000, True)
    assert limit.store_error is StoreError.LOCAL
    assert limits(rate(algorithm="TOKEN_BUCKET"), facts())[0].burst == 1000
    assert limits(rate(), facts())[0].algorithm is Algorithm.SLIDING
    assert limits(rate(algorithm="FIXED_WINDOW"), facts())[0].algorithm is Algorithm.FIXED
    assert limits({"onStoreError": "ALLOW", **rate()}, facts())[0].store_error is StoreError.ALLOW


def test_a_budget():
    money = {"limit": {"currencyCode": "USD", "units": "10", "nanos": 500_000_000}}
    (limit,) = limits(budget(unit="COST", timeZone="Europe/Berlin", **money), facts())
    assert (limit.algorithm, limit.limit) == (Algorithm.CALENDAR, 10_500_000_000)
    assert limit.thresholds == (5_250_000_000, 8_400_000_000, 10_500_000_000)
    assert limit.store_error is StoreError.DENY
    start, end = limit.calendar.around(NOW)
    assert (end - start, datetime.fromtimestamp(start / 1000, UTC).hour) == (30 * 86_400_000, 23)
    (rolling,) = limits(budget(window="ROLLING", rollingWindow="3600s", thresholds=[90, 10]), facts())
    assert (rolling.algorithm, rolling.window_ms, rolling.calendar) == (Algorithm.SLIDING, 3_600_000, None)
    assert rolling.thresholds == (100, 900)


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (rate(), "RATE_LIMIT_EXCEEDED"),
        ({"concurrency": {"limit": 1}}, "CONCURRENCY_EXCEEDED"),
        (budget(), "BUDGET_EXCEEDED"),
        (
            budget(window="ROLLING", rollingWindow="3600s", unit="COST", limit={"currencyCode": "USD"}),
            "BUDGET_EXCEEDED",
        ),
    ],
)
def test_a_limit_knows_whether_it_is_a_budget(policy, reason):
    (limit,) = limits(policy, facts())
    assert RULES[reason_of(limit)].name == reason


def test_an_increase_ends():
    policy = budget(increases=[{"units": "500", "expireTime": "2026-11-27T16:00:00Z"}], thresholds=[100])
    before, after = (limits(policy, facts(), now_ms=now)[0] for now in (NOW - 1, NOW))
    assert (before.limit, before.thresholds) == (1500, (1500,))
    assert (after.limit, after.thresholds) == (1000, (1000,))


def test_thresholds_are_amounts_that_can_be_reached():
    zero = budget(unit="COST", limit={"currencyCode": "USD"})
    assert limits(zero, facts())[0].thresholds == ()
    most = budget(unit="COST", limit={"currencyCode": "USD", "units": "9000000"}, thresholds=[1, 100, 1000])
    assert limits(most, facts())[0].thresholds == (9 * 10**13, 9 * 10**15)
    few = budget(maxUnits="3", thresholds=[1, 33, 34, 50])
    assert limits(few, facts())[0].thresholds == (1, 2)


def test_concurrency():
    (limit,) = limits({"concurrency": {"limit": 8}}, facts())
    assert (limit.unit, limit.algorithm, limit.limit) == (Unit.CALLS, Algorithm.CONCURRENCY, 8)
    assert (limit.amount, limit.least) == (1, 1)


@pytest.mark.parametrize(
    ("policy", "enforce"),
    [
        (rate(), True),
        ({"mode": "ENFORCE", **rate()}, True),
        ({"mode": "OBSERVE", **rate()}, False),
        ({"mode": "OBSERVE", "concurrency": {"limit": 1}}, False),
        (rate(onExceeded={"action": "OBSERVE"}), False),
        (rate(onExceeded={"action": "REJECT"}), True),
        (budget(soft=True), False),
        (rate(onExceeded={"action": "DOWNGRADE", "downgradeModel": "small"}), True),
        (rate(onExceeded={"action": "DOWNGRADE", "downgradeModel": "gpt"}), False),
    ],
)
def test_whether_a_limit_refuses(policy, enforce):
    assert [limit.enforce for limit in limits(policy, facts())] == [enforce]


def test_a_refused_call_is_downgraded_only_where_no_limit_wants_it_refused():
    held = policies(
        a=rate(),
        b=rate(onExceeded={"action": "DOWNGRADE", "downgradeModel": "small"}),
        c=rate(onExceeded={"action": "DOWNGRADE", "downgradeModel": "tiny"}),
    )
    standings = [Standing(limit, 0, 0, 0, exceeded=True) for limit in held.limits(facts(), DEMAND, NOW)]

    def model(*refused):
        return held.downgrade(Refusal(NOW, standings, refused, None))

    assert (model(1), model(2, 1), model(0, 1), model(0)) == ("small", "tiny", None, None)


def test_limits_of_providers_are_apart():
    held = policies(
        one={"subject": {"provider": "openai"}, **RPM},
        each={"subject": {"provider": "*", "apiKey": "*"}, **RPM},
        all=RPM,
    )
    assert [limit.policy for limit in held.limits(facts(), DEMAND, NOW)] == ["all"]
    found = held.provider_limits(facts(), "openai", DEMAND, NOW)
    assert [(limit.policy, limit.bucket.partition("|")[2], limit.provider) for limit in found] == [
        ("one", "p=openai", "openai"),
        ("each", "k=app|p=openai", "openai"),
    ]
    assert [limit.policy for limit in held.provider_limits(facts(), "azure", DEMAND, NOW)] == ["each"]


def test_money_of_unknown_price_is_refused_where_a_limit_on_money_would_refuse():
    unpriced = Demand(400, 100, 1000)
    cost = {"unit": "COST", "limit": {"currencyCode": "USD", "units": "10"}}
    with pytest.raises(TollwayError) as caught:
        limits(budget(**cost), facts(), unpriced)
    assert (caught.value.rule.name, caught.value.metadata) == ("PRICE_UNKNOWN", {"policy": "p"})
    assert limits(budget(**cost, soft=True), facts(), unpriced)[0].amount == 0
    assert limits(rate(), facts(), unpriced)[0].amount == 1400


def test_equal_limits_are_made_once():
    held = policies(p={"subject": {"apiKey": "*"}, **RPM})
    (one,), (other,) = (held.limits(facts(), demand, NOW) for demand in (DEMAND, Demand(1, 1, 1)))
    assert one is other


def test_the_model_of_a_downgrade_shares_the_count_and_is_not_refused_by_it():
    exceeded = {"action": "DOWNGRADE", "downgradeModel": "small"}
    held = policies(p={"rateLimit": {**RPM["rateLimit"], "onExceeded": exceeded}})
    (large,), (small,), (again,) = (held.limits(facts(model=model), DEMAND, NOW) for model in ("gpt", "small", "gpt"))
    assert (large.enforce, small.enforce, again.enforce) == (True, False, True)
    assert large.bucket == small.bucket


def denied(held: PolicySet, call: Facts, now_ms: int = NOW):
    try:
        held.access(call, now_ms)
    except TollwayError as error:
        return error.rule.name, error.metadata
    return None


@pytest.mark.parametrize(
    ("access", "reason"),
    [
        ({"allowedModels": ["gpt"]}, None),
        ({"allowedModels": ["claude"]}, "MODEL_NOT_ALLOWED"),
        ({"allowedMethods": [CHAT]}, None),
        ({"allowedMethods": ["x.Y/Z"]}, "POLICY_DENIED"),
        ({"allowedTimes": [{"days": [5], "start": "16:00", "end": "17:00"}]}, None),
        ({"allowedTimes": [{"days": [5], "start": "16:01"}]}, "POLICY_DENIED"),
        ({"allowedTimes": [{"days": [5], "end": "16:00"}]}, "POLICY_DENIED"),
        ({"allowedTimes": [{"days": [5], "end": "16:01"}]}, None),
        ({"allowedTimes": [{"days": [4]}, {"days": [5]}]}, None),
        ({"allowedTimes": [{"days": [4]}]}, "POLICY_DENIED"),
        # From Thursday evening to Friday evening, and no further.
        ({"allowedTimes": [{"days": [4], "start": "18:00", "end": "16:01"}]}, None),
        ({"allowedTimes": [{"days": [4], "start": "18:00", "end": "16:00"}]}, "POLICY_DENIED"),
        ({"allowedTimes": [{"days": [4], "start": "16:01", "end": "16:01"}]}, None),
        ({"allowedTimes": [{"start": "01:00", "end": "01:01", "timeZone": "Asia/Tokyo"}]}, None),
        ({"allowedTimes": [{"days": [6], "timeZone": "Asia/Tokyo"}]}, None),
    ],
)
def test_access(access, reason):
    held = policies(p={"access": access})
    assert denied(held, facts()) == (reason and (reason, {"policy": "p"}))
    observing = policies(p={"mode": "OBSERVE", "access": access})
    assert observing.access(facts(), NOW).observed == (["p"] if reason else ())
    assert denied(policies(p={"subject": {"apiKey": "x"}, "access": access}), facts()) is None


def test_the_smallest_cap_holds():
    held = policies(
        a={"access": {"maxOutputTokens": 100}},
        b={"access": {"maxOutputTokens": 50}},
        c={"mode": "OBSERVE", "access": {"maxOutputTokens": 10}},
    )
    verdict = held.access(facts(), NOW)
    assert verdict.max_output_tokens == 50
    assert [verdict.output_tokens(asked) for asked in (None, 50, 1)] == [50, 50, 1]
    assert [verdict.told(asked) for asked in (None, 11, 10)] == [(), ("c",), ()]
    for asked, policy in ((51, "b"), (101, "a")):
        with pytest.raises(TollwayError) as caught:
            verdict.output_tokens(asked)
        assert caught.value.rule.name == "MAX_TOKENS_EXCEEDED"
        assert caught.value.metadata["policy"] == policy


def test_without_policies_nothing_is_asked_and_nothing_bound():
    verdict = NO_POLICIES.access(facts(), NOW)
    assert (verdict.output_tokens(None), verdict.output_tokens(7), verdict.observed) == (None, 7, ())
    assert NO_POLICIES.limits(facts(), DEMAND, NOW) == []
    assert NO_POLICIES.provider_limits(facts(), "openai", DEMAND, NOW) == []


def test_what_cannot_be_read_is_refused_to_the_calls_that_it_is_about():
    held = PolicySet([unreadable("p", Subject(api_key="app"))])
    assert denied(held, facts()) == ("LIMITS_UNAVAILABLE", {"policy": "p"})
    assert denied(held, facts("other")) is None
    for nobody_knows in (None, Subject(ip="nonsense")):
        assert denied(PolicySet([unreadable("p", nobody_knows)]), facts("other")) is not None


def test_a_key_whose_tier_there_is_not_is_refused():
    assert denied(policies(tiers=["gold"]), facts(tier="gold")) is None
    assert denied(policies(tiers=["gold"]), facts(tier="iron")) == ("LIMITS_UNAVAILABLE", {"tier": "iron"})


@pytest.mark.parametrize(
    "policy",
    [
        {"subject": {}},
        budget(timeZone="Mars/Olympus"),
        {"access": {"allowedTimes": [{"timeZone": "x"}]}},
        {"subject": {"ip": "10.0.0.1/8"}, **RPM},
        {"subject": {"user": {"value": "x"}}, **RPM},
        {"rateLimit": {"limit": "1", "window": "1s"}},
    ],
)
def test_what_means_nothing_cannot_be_compiled(policy):
    with pytest.raises(ValueError, match=r"."):
        policies(p=policy)


KINDS = [
    {},
    {"apiKey": "*"},
    {"apiKey": "app"},
    {"keyGroup": "*"},
    {"tier": "*"},
    {"model": "*"},
    {"ip": "*"},
    {"ip": "203.0.113.0/24"},
    {"user": {"header": "x-user"}},
    {"user": {"header": "x-user", "value": "bob"}},
    {"methods": [CHAT]},
    {"provider": "*", "ip": "*"},
    {"provider": "openai"},
]
MORE_CALLS = st.builds(
    facts,
    api_key=st.sampled_from(["app", "batch"]),
    model=st.sampled_from(["gpt", "claude"]),
    method=st.sampled_from([CHAT, "tollway.proxy.v1.InferenceService/Generate"]),
    ip=st.sampled_from(["", "203.0.113.7", "198.51.100.1"]),
    groups=st.frozensets(st.sampled_from(["a", "b"])),
    tier=st.sampled_from(["", "gold"]),
    headers=st.sampled_from([{}, {"x-user": "bob"}, {"x-user": "eve"}, {"x-user": "e" * (MAX_PART + 1)}]),
)


DOWNGRADING = {"subject": {}, **rate(onExceeded={"action": "DOWNGRADE", "downgradeModel": "claude"})}


@given(some=st.lists(st.sampled_from(KINDS)), calls=st.lists(MORE_CALLS, min_size=2))
def test_a_call_meets_the_same_limits_whatever_calls_came_before(some, calls):
    named = {f"p{number}": {"subject": subject, **RPM} for number, subject in enumerate(some)}
    one = policies(down=DOWNGRADING, **named)
    for call in calls:
        new = policies(down=DOWNGRADING, **named)
        assert one.limits(call, DEMAND, NOW) == new.limits(call, DEMAND, NOW)
        for provider in ("openai", "other"):
            asked = call, provider, DEMAND, NOW
            assert one.provider_limits(*asked) == new.provider_limits(*asked)


def test_calls_of_ever_more_kinds_are_not_all_kept(monkeypatch):
    monkeypatch.setattr("tollwayd.core.metering.policies.policy_set.MOST_MET", 3)
    one = policies(p={"subject": {"user": {"header": "x-user"}}, **RPM})
    for number in range(10):
        assert len(one.limits(facts(headers={"x-user": f"u{number}"}), DEMAND, NOW)) == 1
    assert len(one._met) <= 3


def test_the_limit_of_a_whole_tenant_is_kept_once_however_many_users_there_are():
    one = policies(all=RPM, each={"subject": {"user": {"header": "x-user"}}, **RPM})
    bob, eve = (one.limits(facts(headers={"x-user": name}), DEMAND, NOW) for name in ("bob", "eve"))

    assert bob[0] is eve[0]
    assert bob[1] is not eve[1]


def test_limits_of_ever_more_users_are_not_all_kept(monkeypatch):
    monkeypatch.setattr("tollwayd.core.metering.policies.rules.MOST_READY", 3)
    one = policies(p={"subject": {"user": {"header": "x-user"}}, **RPM})
    for number in range(10):
        call = facts(headers={"x-user": "u" * (MAX_PART + number)})
        assert len(one.limits(call, DEMAND, NOW)) == 1

    rule = one.limit_rule("p")
    assert rule is not None
    assert len(rule._met) <= 3


def test_limits_come_in_the_same_order_in_all_workers():
    groups = "hgfedcba"
    one = policies(**{group: {"subject": {"keyGroup": group}, **RPM} for group in groups})
    assert [limit.policy for limit in one.limits(facts(groups=frozenset(groups)), DEMAND, NOW)] == sorted(groups)
