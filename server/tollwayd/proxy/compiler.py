"""From stored records to a Snapshot: everything that a call would otherwise work out again is worked out here, once.

A record that cannot be compiled (its secret sealed under a key that this process does not have, say) does not take the
others with it: it is left out, and `Snapshot.problems` says why. All processes read the same records, also those that
an older or newer version wrote, so one that ended a process would end them all, and every restart.

A change costs what it changes, however much else there is: calls wait while it is compiled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollwayd.core.resource_names import is_of_tenant, kind_of, tenant_of
from tollwayd.core.snapshot import Snapshot
from tollwayd.proxy.key_pieces import KeyPieces
from tollwayd.proxy.model_pieces import Means
from tollwayd.proxy.problems import UNUSABLE, Problems
from tollwayd.proxy.tenant_pieces import TenantPieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tollwayd.core.dialect import Dialect
    from tollwayd.core.metering.prices.price_list import PriceList
    from tollwayd.core.paced import Steps
    from tollwayd.core.ports import Change, Keys, Resource
    from tollwayd.core.snapshot import Tenant


class Compiler:
    """Keeps what was compiled, and compiles again only what changes. One thing at a time: what `compile` or `apply`
    began is to be ended before the next."""

    def __init__(self, dialects: Mapping[str, Dialect], keys: Keys, prices: PriceList) -> None:
        self._means = Means(dialects, keys, prices)
        self._whole = True  # Whether what is kept is that of one version.
        self._forget()

    def compile(self, version: int, resources: Iterable[Resource]) -> Steps[Snapshot]:
        """The Snapshot of a version, from all of its resources."""
        if not self._whole:
            self._forget()  # It ended in the middle.
        self._whole = False
        gone = set(self._marks)
        for resource in resources:
            gone.discard(resource.name)
            self._take(resource.name, resource.version, resource.record)
            yield
        for name in gone:
            self._take(name, version, None)
            yield
        return (yield from self._snapshot(version))

    def apply(self, changes: Iterable[Change]) -> Steps[Snapshot]:
        """The Snapshot after some more changes, at least one."""
        self._whole = False
        version = 0
        for change in changes:
            version = change.version
            self._take(change.name, version, change.record)
            yield
        return (yield from self._snapshot(version))

    def _forget(self) -> None:
        self._problems = Problems()
        self._marks: dict[str, int] = {}  # Of each record that was taken, by which another one is told from it.
        self._keys = KeyPieces(self._means.keys)
        self._pieces: dict[str, TenantPieces] = {}
        self._touched: set[str] = set()
        self._tenants: dict[str, Tenant] = {}

    def _take(self, name: str, version: int, record: bytes | None) -> None:
        if not is_of_tenant(name):
            return  # Nothing of the operator's own (plans, billing accounts) matters to a call.
        mark = hash((version, record))
        if record is None:
            self._marks.pop(name, None)
        elif self._marks.get(name) == mark:
            return
        else:
            self._marks[name] = mark
        if kind_of(name) == "apiKeys":
            self._take_key(name, record)
        else:
            self._take_piece(name, version, record)

    def _take_key(self, name: str, record: bytes | None) -> None:
        # Not `left_out`: there may be 100,000 of them, and it takes a quarter of the time of one.
        self._problems.forget(name)
        try:
            self._keys.take(name, record)
        except UNUSABLE as error:
            self._problems.tell(name, f"cannot be used: {error}")

    def _take_piece(self, name: str, version: int, record: bytes | None) -> None:
        tenant = tenant_of(name)
        self._touched.add(tenant)
        if record is None and name == tenant:
            self._pieces.pop(tenant, None)
            self._problems.forget_below(tenant)
            return
        pieces = self._pieces.get(tenant)
        if pieces is None:
            pieces = self._pieces[tenant] = TenantPieces(self._means, self._problems)
        pieces.take(name, version, record)

    def _snapshot(self, version: int) -> Steps[Snapshot]:
        for name in self._touched:
            pieces = self._pieces.get(name)
            tenant = (yield from pieces.compile()) if pieces else None
            if tenant is None:
                self._tenants.pop(name, None)
            else:
                self._tenants[name] = tenant
        self._touched.clear()
        self._whole = True
        return Snapshot(version, dict(self._tenants), self._keys.secrets(), self._problems.all())
