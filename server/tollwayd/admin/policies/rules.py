"""What policies and the rules of tiers have to be before they are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollway.admin.v1.policies_pb2 import Exceeded, Policy
from tollwayd.admin.policies.access_rules import check_access
from tollwayd.admin.policies.limit_rules import check_budget, check_rate_limit
from tollwayd.admin.policies.subject_rules import check_subject
from tollwayd.admin.resources.references import require, require_models
from tollwayd.core.errors import invalid_field
from tollwayd.core.metering.policies.subject import EACH
from tollwayd.core.resource_names import child_name

if TYPE_CHECKING:
    from tollway.admin.v1.policies_pb2 import Subject
    from tollway.admin.v1.tiers_pb2 import TierRule
    from tollwayd.core.ports import ResourceStore

__all__ = ["check_kind", "check_policy", "check_policy_references", "check_rule", "exceeded", "require_rule_models"]

_NO_EXCEEDED: Final = Exceeded()


def check_rule(path: str, message: Policy | TierRule) -> None:
    """REASON_FIELD_INVALID where what the rule says does not fit together; `path` is the message's own."""
    match message.WhichOneof("rule"):
        case "rate_limit":
            check_rate_limit(f"{path}.rateLimit", message.rate_limit)
        case "budget":
            check_budget(f"{path}.budget", message.budget)
        case "access":
            check_access(f"{path}.access", message.access)
        case None:
            raise invalid_field(path, "needs one of rateLimit, concurrency, budget and access")


def check_policy(path: str, message: Policy) -> None:
    """REASON_FIELD_INVALID where the policy means nothing. Asks nobody."""
    check_rule(path, message)
    check_subject(f"{path}.subject", message.subject)
    rule = message.WhichOneof("rule")
    if message.subject.provider:
        if rule == "access":
            raise invalid_field(
                f"{path}.subject.provider", "is nothing that access is about: it is judged before a provider is chosen"
            )
        if exceeded(message).downgrade_model:
            raise invalid_field(
                f"{path}.{_json(rule)}.onExceeded",
                "cannot be DOWNGRADE for a provider: its calls go to the next target of their model",
            )
    if message.subject.model and message.subject.model == exceeded(message).downgrade_model:
        raise invalid_field(
            f"{path}.{_json(rule)}.onExceeded.downgradeModel", "is the model that the policy is about; write another"
        )


def check_kind(path: str, before: Policy | None, after: Policy) -> None:
    """REASON_FIELD_INVALID where the rule becomes one of another kind: of what was said beside it, nobody could tell
    what was meant for the other kind too."""
    if before is not None and (was := before.WhichOneof("rule")) != (rule := after.WhichOneof("rule")):
        raise invalid_field(
            f"{path}.{_json(rule)}", f"cannot take the place of {_json(was)}; delete the policy, and create another"
        )


async def check_policy_references(
    store: ResourceStore, tenant: str, path: str, before: Policy | None, after: Policy
) -> None:
    """REASON_REFERENCE_NOT_FOUND where the policy is about something that the tenant does not have. What the policy
    was about before may be gone without keeping it from being changed otherwise."""
    if before is None or before.subject != after.subject:
        await _require_subject(store, tenant, f"{path}.subject", after.subject)
    await require_rule_models(store, tenant, path, before, after)


async def require_rule_models(
    store: ResourceStore, tenant: str, path: str, before: Policy | TierRule | None, after: Policy | TierRule
) -> None:
    """REASON_REFERENCE_NOT_FOUND where the rule names a model that it did not name before and the tenant has not."""
    known = {*before.access.allowed_models, exceeded(before).downgrade_model} if before else set()
    named = {f"{path}.access.allowedModels[{place}]": name for place, name in enumerate(after.access.allowed_models)}
    if model := exceeded(after).downgrade_model:
        named[f"{path}.{_json(after.WhichOneof('rule'))}.onExceeded.downgradeModel"] = model
    await require_models(store, tenant, {field: name for field, name in named.items() if name not in known})


async def _require_subject(store: ResourceStore, tenant: str, path: str, subject: Subject) -> None:
    for kind, value, field, noun in (
        ("apiKeys", subject.api_key, "apiKey", "API key of this id"),
        ("providers", subject.provider, "provider", "provider of this id"),
        ("tiers", subject.tier, "tier", "tier of this id"),
    ):
        if value not in ("", EACH):
            await require(store, child_name(tenant, kind, value), field=f"{path}.{field}", noun=noun)
    if subject.model not in ("", EACH):
        await require_models(store, tenant, {f"{path}.model": subject.model})


def exceeded(message: Policy | TierRule) -> Exceeded:
    """What the rule says of calls beyond it; nothing where it has no limit that says so."""
    match message.WhichOneof("rule"):
        case "rate_limit":
            return message.rate_limit.on_exceeded
        case "budget":
            return message.budget.on_exceeded
        case _:
            return _NO_EXCEEDED


def _json(rule: str | None) -> str:
    return "rateLimit" if rule == "rate_limit" else str(rule)
