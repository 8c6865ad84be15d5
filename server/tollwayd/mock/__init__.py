"""A scripted provider: speaks three dialects, answers by script, and breaks on demand.

For tests, demonstrations and load; `docs/mock.md` is its reference. It shares nothing with the gateway's own dialects.
"""

from tollwayd.mock.journal import Received
from tollwayd.mock.provider import MockProvider, serve
from tollwayd.mock.script import (
    Answer,
    Error,
    Fault,
    Match,
    Rule,
    Script,
    ScriptError,
    ToolCall,
    Usage,
    load_script,
)

__all__ = [
    "Answer",
    "Error",
    "Fault",
    "Match",
    "MockProvider",
    "Received",
    "Rule",
    "Script",
    "ScriptError",
    "ToolCall",
    "Usage",
    "load_script",
    "serve",
]
