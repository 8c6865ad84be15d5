"""All cases, of all topics."""

from __future__ import annotations

from tests.conformance.transcoding.cases import bodies, errors, heads, http_body, paths, query, streams, well_known

TOPICS = (paths, query, bodies, well_known, errors, streams, http_body, heads)

CASES = [case for topic in TOPICS for case in topic.CASES]

BY_ID = {case.id: case for case in CASES}

REACHED = [case for case in CASES if case.rpc and not case.request.startswith("HEAD ")]
"""Those that reach a servicer and are answered with what it gives."""

assert len(BY_ID) == len(CASES), "an id is used twice"
