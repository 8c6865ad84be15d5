"""Our protos keep to the rules of API design, or say why not."""

from __future__ import annotations

import re

import pytest
from google.protobuf.descriptor_pb2 import MethodOptions

from tests.unit.api.asking import bindings
from tests.unit.api.exceptions import EXCEPTIONS
from tests.unit.api.library import PROTO, compile_api
from tests.unit.api.rules import RULES


@pytest.fixture(scope="module")
def api():
    own = [str(path.relative_to(PROTO)) for path in sorted((PROTO / "tollway").rglob("*.proto"))]
    return compile_api(PROTO, own=own)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_the_protos_keep_to_the_rule(api, rule):
    violations = [f"{v.element}: {v.problem}" for v in rule.violations(api) if (v.rule, v.element) not in EXCEPTIONS]

    assert not violations, "\n".join([rule.text, *violations])


@pytest.mark.parametrize(("rule", "element"), EXCEPTIONS.keys(), ids=[" ".join(key) for key in EXCEPTIONS])
def test_an_exception_still_applies_and_has_a_reason(api, rule, element):
    assert element in {violation.element for violation in RULES[rule].violations(api)}
    assert re.fullmatch(r"[A-Z].*\.", EXCEPTIONS[rule, element])


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_a_rule_is_named_for_its_proposal_and_links_it(rule):
    number = re.match(r"aip_(\d+)_", rule.name)

    assert rule.text[0].isupper()
    assert number is None or re.search(rf" https://google\.aip\.dev/(\S+/)?{number[1]}$", rule.text)
    assert number is not None or rule.name.startswith("house_")


def test_what_is_read_has_no_side_effects(api):
    """So that Connect may ask for it with GET, which caches and browsers know to be safe."""
    reads = [method for method in api.methods if any(binding.verb == "get" for binding in bindings(method))]

    assert len(reads) > 10
    assert [m.full_name for m in reads if m.GetOptions().idempotency_level != MethodOptions.NO_SIDE_EFFECTS] == []
