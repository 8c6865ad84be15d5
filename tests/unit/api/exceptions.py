"""Where our protos break a rule, and why they may. One that no longer applies fails."""

from __future__ import annotations

_ADMIN = "tollway.admin.v1"
_PROXY = "tollway.proxy.v1"
_CONFIG = "tollway.config.v1"

_CALLERS_VIEW = "Callers of models see a name to ask for; the resource with its targets is the Admin API's Model."
_ONE_REQUEST = "A program goes from a whole answer to a streamed one without rebuilding its request."
_ARGUMENTS = "Providers call it so; JavaScript reserves the word for variables alone, not for an object's fields."
_ON = "What to do on an event is called so in the configuration of every other gateway."
_STORED = "A stored record holds the resource as the Admin API shows it, and is read by this server alone."

EXCEPTIONS: dict[tuple[str, str], str] = {
    ("aip_121_resource", f"{_PROXY}.InferenceService.ListModels"): _CALLERS_VIEW,
    ("aip_122_name_suffix", "tollway.admin.v1.Model.public_name"): (
        "It refers to no resource: it is what callers put into `model`, and `name` is taken by the resource's own."
    ),
    ("aip_136_messages", f"{_PROXY}.InferenceService.StreamGenerate"): _ONE_REQUEST,
    ("aip_136_verb_and_noun", f"{_PROXY}.InferenceService.Generate"): (
        "What is generated, text, calls of tools or thoughts, has no noun in common; the path says `inference`."
    ),
    ("aip_136_verb", f"{_ADMIN}.PolicyService.DryRun"): "To dry-run is one verb of two words.",
    ("aip_140_prepositions", f"{_ADMIN}.Policy.on_store_error"): _ON,
    ("aip_140_prepositions", f"{_ADMIN}.TierRule.on_store_error"): _ON,
    ("aip_140_prepositions", f"{_ADMIN}.RateLimit.on_exceeded"): _ON,
    ("aip_140_prepositions", f"{_ADMIN}.Budget.on_exceeded"): _ON,
    ("aip_140_numbers", f"{_PROXY}.Usage.cache_write_1h_tokens"): (
        "Another name would break its callers; protobuf's parsers know both names of a field, whatever its digits."
    ),
    ("aip_140_reserved_words", f"{_PROXY}.PartDelta.arguments"): _ARGUMENTS,
    ("aip_140_reserved_words", f"{_PROXY}.ToolCall.arguments"): _ARGUMENTS,
    ("aip_158_pages", f"{_PROXY}.InferenceService.ListModels"): (
        "The models of one key come whole, as in the lists of the dialects beside it, which have no pages."
    ),
    ("aip_142_durations", f"{_ADMIN}.LedgerEntry.cost_nanos"): "Its nanos are of a dollar, not of a second.",
    ("aip_144_plural", f"{_ADMIN}.QueryUsageRequest.group_by"): (
        "It is called so beside order_by everywhere, and neither has a plural."
    ),
    ("aip_193_reason_rules", "tollway.error.v1.Reason.REASON_MODEL_UNUSABLE"): (
        "An operator has to mend the model, hence the code; a caller did nothing wrong, hence no 400."
    ),
    ("aip_215_packages", f"{_CONFIG}.ApiKeyRecord.api_key"): _STORED,
    ("aip_215_packages", f"{_CONFIG}.ProviderRecord.provider"): _STORED,
    ("house_dialects_are_raw", f"{_ADMIN}.BillingService"): (
        "It speaks no foreign dialect: one method of it writes files."
    ),
    ("house_dialects_are_raw", f"{_ADMIN}.UsageService"): (
        "Its one raw answer is a file to be kept, in formats that spreadsheets read; it speaks no dialect."
    ),
    ("house_requests_are_not_shared", f"{_PROXY}.InferenceService.Generate"): _ONE_REQUEST,
    ("house_requests_are_not_shared", f"{_PROXY}.InferenceService.StreamGenerate"): _ONE_REQUEST,
}
