"""The proofs, beside the sound API that they break."""

from __future__ import annotations

from tests.unit.api.proofs import fields, methods, requests, resources

PROOFS = (*resources.PROOFS, *methods.PROOFS, *requests.PROOFS, *fields.PROOFS)
