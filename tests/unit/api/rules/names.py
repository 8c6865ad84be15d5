"""Names of fields: AIP-140, AIP-143 and AIP-144."""

from __future__ import annotations

import re

from tests.unit.api.asking import STRING
from tests.unit.api.library import rule
from tests.unit.api.rules.words import LONG_WORDS, PREPOSITIONS, RESERVED, WITH_PREPOSITION

_CODES = {
    "content_type": "mime_type",
    "mime": "mime_type",
    "mimetype": "mime_type",
    "country": "region_code",
    "country_code": "region_code",
    "currency": "currency_code",
    "lang": "language_code",
    "language": "language_code",
    "timezone": "time_zone",
    "tz": "time_zone",
}
_PLURALS_WITHOUT_S = {"children", "criteria", "data", "indices", "media", "metadata", "people"}


@rule("fields")
def aip_140_lower_snake(field, api):
    """Fields are in lower snake case. https://google.aip.dev/140"""
    if field.name != field.name.lower() or not re.fullmatch(r"\w+", field.name, re.ASCII):
        yield "is not lower snake case"


@rule("fields")
def aip_140_underscores(field, api):
    """Fields have no underscore at an end, nor two in a row. https://google.aip.dev/140"""
    if field.name != field.name.strip("_") or "__" in field.name:
        yield "has an underscore too many"


@rule("fields")
def aip_140_numbers(field, api):
    """No word of a field begins with a digit, for JSON's names to lead back. https://google.aip.dev/140"""
    if re.search(r"(^|_)\d", field.name):
        yield "has a word that begins with a digit"


@rule("fields", lambda field, api: field.name not in WITH_PREPOSITION)
def aip_140_prepositions(field, api):
    """Fields have no prepositions. https://google.aip.dev/140"""
    yield from sorted(PREPOSITIONS.intersection(field.name.split("_")))


@rule("fields")
def aip_140_abbreviations(field, api):
    """Fields have the common abbreviation of a word that has one. https://google.aip.dev/140"""
    for word in field.name.split("_"):
        if word in LONG_WORDS:
            yield f"{word} instead of {LONG_WORDS[word]}"


@rule("fields")
def aip_140_reserved_words(field, api):
    """No field is a reserved word of a common client language. https://google.aip.dev/140"""
    if field.name in RESERVED:
        yield "is a reserved word"


@rule("fields", lambda field, api: field.name in _CODES and field.type == STRING)
def aip_143_codes(field, api):
    """Languages, regions, currencies, media types and time zones have the names of their codes. https://google.aip.dev/143"""
    yield f"should be called {_CODES[field.name]}"


@rule("fields", lambda field, api: field.is_repeated)
def aip_144_plural(field, api):
    """What is repeated is called by its plural. https://google.aip.dev/144"""
    word = field.name.rpartition("_")[2]
    if word not in _PLURALS_WITHOUT_S and not re.search("[^s]s$", word):
        yield "is no plural"
