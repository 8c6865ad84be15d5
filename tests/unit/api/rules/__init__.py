"""The rules, a module for each subject."""

from __future__ import annotations

from tests.unit.api.library import Rule
from tests.unit.api.rules import (
    behavior,
    custom,
    enums,
    files,
    house,
    http,
    names,
    reads,
    resources,
    values,
    writes,
)

MODULES = (resources, enums, http, reads, writes, custom, names, values, files, behavior, house)
RULES = {rule.name: rule for module in MODULES for rule in vars(module).values() if isinstance(rule, Rule)}
