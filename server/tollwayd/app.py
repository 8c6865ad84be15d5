"""The composition root: it makes every part, puts them together, runs them, and takes them apart in order."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry

from tollwayd import listeners, prices
from tollwayd.admin.resources.applied import AppliedStore
from tollwayd.core.chain import Chain
from tollwayd.core.current import Current
from tollwayd.core.errors import TollwayError
from tollwayd.core.metering.prices.price_list import PriceList
from tollwayd.data_folder import MASTER_KEYS_FILE, DataFolder
from tollwayd.dialects import DIALECTS
from tollwayd.doors import Doors
from tollwayd.memory import settle
from tollwayd.plugins.validate import Validate
from tollwayd.proxy.compiler import Compiler
from tollwayd.proxy.engine import Engine
from tollwayd.proxy.metering.metering import Metering
from tollwayd.proxy.replica import Replica
from tollwayd.registries import admin_registry, proxy_registry
from tollwayd.security import api_keys
from tollwayd.security.authentication import ApiKeyAuthentication, RootAuthentication
from tollwayd.security.missing_keys import missing_keys
from tollwayd.security.root import RootCredential
from tollwayd.settings import variable
from tollwayd.start_error import MISTAKE, StartError
from tollwayd.state.durability import risks
from tollwayd.state.server_place import place, trouble
from tollwayd.stores import Around, Place, Stores, open_stores
from tollwayd.telemetry.access_log import AccessLog
from tollwayd.telemetry.call_metrics import CallMetrics
from tollwayd.telemetry.threshold_metrics import ThresholdMetrics
from tollwayd.upstream.client import HttpClient
from tollwayd.upstream.egress import EgressRules

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tollwayd.core.paced import Steps
    from tollwayd.core.plugin import Plugin
    from tollwayd.core.ports import Resource
    from tollwayd.security.keyring import Keyring
    from tollwayd.settings import Settings
    from tollwayd.telemetry.logs import WriteLine
    from tollwayd.workers.everywhere import Everywhere

    OnReady = Callable[["App"], Awaitable[None]]


class App:
    """One process of the gateway. `call_lines` is what `configure_logs` gave. Where it is one of several workers, which
    share its ports, `everywhere` tells by which version of the configuration all of them serve.

    `current` is the configuration by which it serves itself, `metrics` what it counts. `addresses` holds what its
    listeners are bound to, once it runs; `admin_key` the root credential, and `admin_key_is_new` whether it was made
    just now and has to be shown to the operator; `serving` tells that the start is over.
    """

    def __init__(self, settings: Settings, call_lines: WriteLine | None, everywhere: Everywhere | None = None) -> None:
        self.settings = settings
        self.current = Current()
        self.metrics = CollectorRegistry()
        self.addresses: listeners.Addresses = {}
        self.admin_key = ""
        self.admin_key_is_new = False
        self.serving = False
        self._folder = DataFolder(settings)
        self._stop = asyncio.Event()
        self._everywhere = everywhere
        self._access_log = AccessLog(call_lines)
        self._call_metrics = CallMetrics(self.metrics)
        self._log = structlog.get_logger("tollway")

    def stop(self) -> None:
        """Asks a running gateway to drain and end. Safe to repeat, and to call from a signal handler."""
        self._stop.set()

    async def run(self, on_ready: OnReady) -> None:
        """Starts everything, awaits `on_ready`, serves until `stop`, drains, and closes everything. StartError."""
        async with AsyncExitStack() as parts:
            parts.callback(self._say_stopped)
            self._check_redis_url()
            self._folder.prepare()
            keys = self._folder.keyring()
            stores = await self._stores(parts)
            compiler = Compiler(DIALECTS, keys, PriceList(prices.read()))
            replica = Replica(stores.resources, compiler, self.current, partial(self._inspect, keys))
            await self._load(replica)
            await self._tell_risks()
            metering = Metering(stores.meter)
            doors = await self._open_doors(parts, stores, keys, metering)
            # From here on: a group wraps what goes wrong in it, and what goes wrong above is for the operator to read.
            async with asyncio.TaskGroup() as tasks:
                following = tasks.create_task(replica.follow(), name="follow the change log")
                keeping = tasks.create_task(metering.keep(), name="keep the leases of running calls")
                await on_ready(self)
                await self._serve(doors)
                following.cancel()
                keeping.cancel()

    async def _serve(self, doors: Doors) -> None:
        self.serving = True
        settle()
        await self._stop.wait()
        self._log.info("draining", calls=self._call_metrics.in_flight, seconds=self.settings.drain_seconds)
        await doors.drain(self.settings.drain_seconds)

    def _say_stopped(self) -> None:
        if self.serving:
            self._log.info("stopped")

    async def _stores(self, parts: AsyncExitStack) -> Stores:
        url = self.settings.redis_url
        if url is None:
            embedded = await self._folder.start_redis()
            parts.push_async_callback(embedded.stop)
            url = embedded.url
        around = Around(lambda: self.current.snapshot.tenants, ThresholdMetrics(self.metrics).tell)
        return await open_stores(Place(url, self._folder.path), around, parts)

    async def _load(self, replica: Replica) -> None:
        url = self.settings.redis_url
        try:
            await replica.load()
        except TollwayError as error:
            if url is None:
                raise
            text = f"{variable('redis_url')}: the Redis at {place(url)} {trouble(error)}."
            raise StartError(text) from error

    async def _tell_risks(self) -> None:
        if (url := self.settings.redis_url) is not None:
            for risk in await risks(url):
                self._log.warning(f"the Redis at {place(url)} {risk}; docs/redis.md says what money needs")

    def _inspect(self, keys: Keyring, resources: Sequence[Resource]) -> Steps[None]:
        """Tells of another keyring than that of the stored configuration, which would else show call by call."""
        missing = yield from missing_keys(resources, keys.key_ids)
        if missing.key_ids:
            self._log.warning(
                f"{missing.api_keys} API keys and {missing.providers} providers cannot be used: the keyring lacks the "
                f"master keys that they were stored under; add them behind the first ({variable('master_keys')} or "
                f"{MASTER_KEYS_FILE}) and start again",
                missing_key_ids=missing.key_ids,
            )

    def _check_redis_url(self) -> None:
        if self.settings.redis_url is not None:
            try:
                place(self.settings.redis_url)
            except ValueError as error:
                raise StartError(f"{variable('redis_url')}: {error}.", status=MISTAKE) from None

    async def _open_doors(self, parts: AsyncExitStack, stores: Stores, keys: Keyring, metering: Metering) -> Doors:
        settings = self.settings
        client = HttpClient(EgressRules(settings.egress_allow))
        parts.push_async_callback(client.close)
        # It opens to nobody until the listeners are bound: a root credential that is made at a start which then fails
        # would never be shown.
        root = RootCredential(api_keys.new_secret())
        admin_chain = self._chain(RootAuthentication(root, self.current, keys))
        proxy_chain = self._chain(ApiKeyAuthentication(self.current, keys))
        applied = stores._replace(resources=AppliedStore(stores.resources, self._everywhere or self.current))
        admin = admin_registry(admin_chain, applied, self.current, keys, client)
        proxy = proxy_registry(proxy_chain, Engine(client, metering))
        doors = Doors(admin, proxy, self.metrics, settings)
        parts.push_async_callback(doors.close)
        self.addresses = await doors.open(shared=self._everywhere is not None)
        if self._everywhere is None:
            self._folder.write_listeners(self.addresses)
            parts.callback(listeners.remove, settings.data_dir, self.addresses)
        root.become(self._admin_key())
        return doors

    def _admin_key(self) -> str:
        if self.settings.admin_key is not None:
            self.admin_key = self.settings.admin_key
        else:
            loaded = self._folder.root()
            self.admin_key, self.admin_key_is_new = loaded.secret, loaded.created
        return self.admin_key

    def _chain(self, authentication: Plugin) -> Chain:
        return Chain([self._access_log, self._call_metrics, authentication, Validate()])
