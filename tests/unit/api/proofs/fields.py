"""Proofs of the rules on fields, messages, files and comments."""

from __future__ import annotations

from tests.unit.api.proofs.proof import answered, imported, proof, taken

_IDENTIFIER = "    (google.api.field_behavior) = IDENTIFIER,\n"
_SHELVES = "which no other file knows.\npackage library.admin."
_REQUIRED = "    (google.api.field_behavior) = REQUIRED,\n    (google.api.resource_reference)"

PROOFS = (
    proof("aip_140_lower_snake", answered("bool isBack = 2;")),
    proof("aip_140_underscores", answered("bool back_ = 2;")),
    proof("aip_140_numbers", answered("bool lent_2_weeks = 2;")),
    proof("aip_140_prepositions", answered("bool back_at_home = 2;")),
    proof("aip_140_abbreviations", answered("string reader_identifier = 2;")),
    proof("aip_140_reserved_words", answered("bool class = 2;")),
    proof("aip_143_codes", answered("string language = 2;")),
    proof("aip_144_plural", answered("repeated string reader = 2;")),
    proof("aip_141_integers", answered("uint32 days_left = 2;")),
    proof("aip_141_counts", answered("int32 num_readers = 2;")),
    proof("aip_142_names", answered("google.protobuf.Timestamp returned = 2;")),
    proof("aip_142_types", answered("string read_time = 2;")),
    proof("aip_142_durations", answered("int32 delay_seconds = 2;")),
    proof("aip_146_any", imported("google/protobuf/any.proto"), answered("google.protobuf.Any reader = 2;")),
    proof("aip_148_types", answered("bytes title = 2;")),
    proof(
        "aip_148_resources", ("  // Its version.\n  string etag = 4 [(buf.validate.field).string.max_len = 64];\n", "")
    ),
    proof("aip_154_type", ("string etag = 2 [(buf.validate.field).string.max_len = 64];", "bool etag = 2;")),
    proof(
        "aip_191_version",
        (f"{_SHELVES}v1;", f"{_SHELVES}one;"),
        file="library/admin/one/shelves.proto",
        also=["aip_127_version"],
    ),
    proof("aip_148_types", answered("string expire_time = 2;"), also=["aip_142_types"]),
    proof("aip_163_switches", answered("string validate_only = 2;")),
    proof("aip_161_masks", answered("string read_mask = 2;")),
    proof("aip_132_order", answered("bool order_by = 2;")),
    proof("aip_191_folder", file="library/books/v1/shelves.proto"),
    proof("aip_191_name", file="library/admin/v1/v1.proto"),
    proof("aip_192_comments", ("  // How many pages it has.\n", "")),
    proof("aip_192_sentences", ("// How many pages it has.", "// how many pages")),
    proof("aip_192_backticks", ("// How many pages it has.", "// How many `pages it has.")),
    proof("aip_192_deprecated", ("// How many pages it has.", "// How many pages it has. Deprecated: Count them.")),
    proof("aip_192_deprecated", ("int32 page_count = 4;", "int32 page_count = 4 [deprecated = true];")),
    proof("aip_203_identifier", (_IDENTIFIER, "")),
    proof("aip_203_identifier_alone", answered("string reader = 2 [(google.api.field_behavior) = IDENTIFIER];")),
    proof("aip_203_output_only", ("update_time = 9 [(google.api.field_behavior) = OUTPUT_ONLY]", "update_time = 9")),
    proof("aip_203_required", (_REQUIRED, "    (google.api.resource_reference)")),
    proof(
        "aip_203_contradictions",
        answered("bool back = 2 [(google.api.field_behavior) = REQUIRED, (google.api.field_behavior) = OUTPUT_ONLY];"),
    ),
    proof("aip_203_contradictions", answered("bool back = 2 [(google.api.field_behavior) = UNORDERED_LIST];")),
    proof("aip_215_packages", imported("desk/v1/desk.proto"), answered("desk.v1.Desk desk = 2;")),
    proof(
        "house_patterns_are_whole",
        taken('string reader = 3 [(buf.validate.field).string = {max_len: 9, pattern: "[a-z]"}];'),
    ),
    proof("house_patterns_are_whole", answered('string reader = 2 [(buf.validate.field).string.pattern = "^a|b$"];')),
    proof("house_int64_is_documented", answered("int64 reader_count = 2;")),
    proof("house_numbers_are_reserved", answered("bool back = 3;")),
)
