"""The results of a run as a file of JSON, written anew after each cell, so that a run that is cut short leaves what it
had."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.bench.results.machine import described

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REFERENCES = ("direct", "envoy", "echo")
"""Subjects that others are held against."""

DIGITS = 4


class Document:
    """What is in the file: the machine, and for each cell the figures of its subjects, their ratios to REFERENCES, how
    long it took, or why it failed."""

    def __init__(self, path: Path, *, add: bool = False) -> None:
        """With `add`, cells that the file has stay, unless they are measured again."""
        self._path = path
        self.cells: dict[str, Any] = json.loads(path.read_text())["cells"] if add and path.exists() else {}
        self._machine = described()

    def add(self, name: str, figures: Mapping[str, Mapping[str, float]], seconds: float) -> None:
        """The figures of a cell, by subject."""
        rounded = {subject: {key: _rounded(value) for key, value in each.items()} for subject, each in figures.items()}
        self.cells[name] = {"seconds": round(seconds, 1), "figures": rounded, "ratios": ratios(figures)}
        self._write()

    def fail(self, name: str, reason: str) -> None:
        """A cell that could not be measured."""
        self.cells[name] = {"failed": reason}
        self._write()

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"machine": self._machine, "cells": self.cells}, indent=1)
        made = self._path.with_suffix(".part")
        made.write_text(text + "\n")
        made.replace(self._path)


def ratios(figures: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, dict[str, float]]]:
    """By subject and reference, how many times the reference's each figure is, where both have one."""
    return {
        subject: {
            reference: {
                name: _rounded(value / theirs)
                for name, value in mine.items()
                if (theirs := figures[reference].get(name, 0)) and not name.endswith("failed")
            }
            for reference in REFERENCES
            if reference in figures and reference != subject
        }
        for subject, mine in figures.items()
        if subject not in REFERENCES
    }


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
