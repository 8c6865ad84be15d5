"""Every rule can fail: a sound API keeps to all, and one change breaks one."""

from __future__ import annotations

import pytest

from tests.unit.api.proofs import PROOFS
from tests.unit.api.proofs.proof import library
from tests.unit.api.rules import RULES


def test_every_rule_has_a_proof():
    assert {proof.rule for proof in PROOFS} == RULES.keys()


def test_a_sound_api_keeps_to_every_rule(tmp_path):
    assert _violations(library(tmp_path)) == []


@pytest.mark.parametrize("proof", PROOFS, ids=[proof.rule for proof in PROOFS])
def test_a_change_breaks_the_rule_and_no_other(tmp_path, proof):
    broken = _violations(library(tmp_path, proof.changes, proof.file))

    assert {violation.rule for violation in broken} == {proof.rule} | proof.also, broken


def _violations(api):
    return [violation for rule in RULES.values() for violation in rule.violations(api)]
