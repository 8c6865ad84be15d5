"""Files, packages and comments: AIP-191, AIP-192 and AIP-215."""

from __future__ import annotations

import re

from tests.unit.api.library import rule

# What every API may use: https://google.aip.dev/213, and protovalidate.
_COMMON = ("google.", "buf.validate")


@rule("files")
def aip_191_version(file, api):
    """A package ends in its version. https://google.aip.dev/191"""
    if not re.fullmatch(r"[a-z][a-z0-9]*(\.[a-z][a-z0-9]*)*\.v[1-9][0-9]*((alpha|beta)[0-9]*)?", file.package):
        yield f"package {file.package}"


@rule("files")
def aip_191_folder(file, api):
    """A file stands in the folder of its package. https://google.aip.dev/191"""
    if file.name.rpartition("/")[0] != file.package.replace(".", "/"):
        yield f"package {file.package}"


@rule("files")
def aip_191_name(file, api):
    """A file is named in snake case for what it holds, not for its version. https://google.aip.dev/191"""
    name = file.name.rpartition("/")[2].removesuffix(".proto")
    if not re.fullmatch("[a-z][a-z0-9_]*", name) or name == file.package.rpartition(".")[2]:
        yield name


@rule("documented")
def aip_192_comments(element, api):
    """Everything has a comment above it. https://google.aip.dev/192"""
    if not api.comment(element):
        yield "no comment"


@rule("documented", lambda element, api: bool(api.comment(element)))
def aip_192_sentences(element, api):
    """A comment is made of sentences: a capital, a digit or a name in backticks first, a full stop last. https://google.aip.dev/192"""
    if not re.fullmatch(r"[A-Z0-9`'\"].*[.?!]", api.comment(element), re.DOTALL):
        yield api.comment(element)


@rule("documented")
def aip_192_backticks(element, api):
    """Backticks of a comment come in pairs. https://google.aip.dev/192"""
    if api.comment(element).count("`") % 2:
        yield api.comment(element)


@rule("documented")
def aip_192_deprecated(element, api):
    """What is deprecated says so in its options and, with what to use instead, in its comment. https://google.aip.dev/192"""
    said = re.search(r"\bDeprecated: \w", api.comment(element)) is not None
    mentioned = re.search(r"\bdeprecated\b", api.comment(element), re.IGNORECASE) is not None
    marked = hasattr(element.GetOptions(), "deprecated") and element.GetOptions().deprecated
    if marked != said or (mentioned and not marked):
        yield "the comment and the option differ"


@rule("fields", lambda field, api: field.message_type is not None or field.enum_type is not None)
def aip_215_packages(field, api):
    """A package uses its own types and common ones, so that it can change by itself. https://google.aip.dev/215"""
    package = (field.message_type or field.enum_type).file.package
    if package != field.file.package and not f"{package}.".startswith(_COMMON):
        yield f"is of package {package}"
