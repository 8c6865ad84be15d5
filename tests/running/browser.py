"""A real browser for tests: headless Chromium, driven over its DevTools protocol."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any, Self

import aiohttp

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 20
_WAIT = "new Promise(done => { const look = () => (%s) ? done(true) : setTimeout(look, 20); look(); })"


def find_chromium() -> str | None:
    """The program; None where there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Browser:
    """`async with Browser(folder) as browser:`. `requests` are the URLs that pages asked for, `complaints` what went
    wrong in them: exceptions, errors and warnings of the console, breaches of policies, answers that failed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def __aenter__(self) -> Self:
        chromium = find_chromium()
        assert chromium is not None
        flags = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
        quiet = ("--disable-background-networking", "--disable-component-update", "--disable-sync")
        self._process = await asyncio.create_subprocess_exec(
            chromium,
            *flags,
            *quiet,
            "--remote-debugging-port=0",
            f"--user-data-dir={self.folder / 'profile'}",
            "about:blank",
            stderr=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(SECONDS):
            self._session = aiohttp.ClientSession()
            self._socket = await self._session.ws_connect(await self._page(), max_msg_size=0)
        self._reader = asyncio.create_task(self._read())
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.call(f"{domain}.enable")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reader.cancel()
        await asyncio.wait([self._reader])
        await self._socket.close()
        await self._session.close()
        self._process.terminate()
        await self._process.communicate()

    async def open(self, url: str) -> None:
        """Goes to a page."""
        await self.call("Page.navigate", url=url)

    async def value(self, expression: str) -> Any:
        """What a JavaScript expression gives in the page, or what its promise does; None where it fails."""
        options = {"returnByValue": True, "awaitPromise": True}
        return (await self.call("Runtime.evaluate", expression=expression, **options))["result"].get("value")

    async def wait_for(self, expression: str) -> Any:
        """Waits until an expression gives something that is true; AssertionError where that takes too long."""
        with suppress(TimeoutError):
            return await self.value(_WAIT % expression)
        raise AssertionError(f"the page never had {expression}; complaints: {self.complaints}")

    async def click(self, selector: str) -> None:
        """Clicks what a CSS selector finds, as soon as it is there."""
        await self.wait_for(f"document.querySelector('{selector}')")
        await self.value(f"document.querySelector('{selector}').click()")

    async def type(self, selector: str, text: str) -> None:
        """Types into what a CSS selector finds, as soon as it is there."""
        await self.wait_for(f"document.querySelector('{selector}')")
        await self.value(f"document.querySelector('{selector}').focus()")
        await self.call("Input.insertText", text=text)

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol; its result."""
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(SECONDS):
            return await self._answers[number]

    async def _page(self) -> str:
        """The address of the one page's socket."""
        async for line in self._process.stderr:
            if b"DevTools listening on ws://" in line:
                host = line.split(b"ws://")[1].split(b"/")[0].decode()
                async with self._session.get(f"http://{host}/json/list") as response:
                    pages = await response.json()
                return next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
        raise AssertionError("Chromium did not start")

    async def _read(self) -> None:
        async for message in self._socket:
            event = message.json()
            if "id" in event:
                self._answers.pop(event["id"]).set_result(event.get("result", event))
            else:
                self._note(event["method"], event["params"])

    def _note(self, method: str, parameters: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            url = parameters["request"]["url"]
            if not url.startswith(("data:", "about:")):
                self.requests.append(url)
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in {"error", "warning"}:
            self.complaints.append(parameters["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(parameters["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in {"error", "warning", "assert"}:
            self.complaints.append(str(parameters["args"]))
