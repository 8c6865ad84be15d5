"""What a process does with memory once it has started."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from tests.running.gateway import environment

FAULTS = """
import gc, resource
from tollwayd.memory import settle

settle()
kept = gc.get_freeze_count()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    bodies = [bytes(b"x" * 500_000) for _ in range(8)]
    del bodies
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
print(kept, sum(faults() for _ in range(10)))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told what to keep")
def test_what_bodies_had_is_kept_for_the_next_and_what_the_start_made_is_not_looked_at_again():
    run = subprocess.run(
        [sys.executable, "-c", FAULTS], env=environment(), capture_output=True, text=True, check=True, timeout=60
    )
    frozen, faults = map(int, run.stdout.split())
    assert frozen > 1000
    assert faults < 100  # Of 10,000 pages.
