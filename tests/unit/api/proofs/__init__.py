"""The proofs, beside the sound API that they break."""

from __future__ import annotations

from tests.unit.api.proofs import fields, methods, resources

PROOFS = (*resources.PROOFS, *methods.PROOFS, *fields.PROOFS)
