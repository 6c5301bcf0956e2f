"""A real Chromium for tests: how it is started, and the watch over what goes wrong inside a page."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from playwright.async_api import Page as AsyncPage
from playwright.async_api import async_playwright
from playwright.sync_api import Page, sync_playwright

VIEWPORT = {"width": 1440, "height": 900}
WAIT_MS = 15_000

# No word to anybody outside: what a browser asks for by itself would make tests slow and different each time.
# No sandbox, since tests also run as root in a container; the pages are our own.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # A page that nobody has clicked on may ring.
    "--autoplay-policy=no-user-gesture-required",
]


def launch_options(program: str) -> dict[str, Any]:
    """How Chromium is started, for tests that drive Playwright themselves."""
    return {"executable_path": program, "args": FLAGS, "headless": True}


def context_options() -> dict[str, Any]:
    """The screen and the place of the person at it."""
    return {"viewport": VIEWPORT, "locale": "zh-CN", "timezone_id": "Asia/Shanghai"}


class PageErrors:
    """Exceptions that nobody caught inside the page; a test whose page has one fails."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def note(self, error: object) -> None:
        """Keeps one."""
        self.messages.append(str(error))

    def judge(self) -> None:
        """Fails if there was any."""
        assert [] == self.messages, "the page raised errors nobody caught"


@contextmanager
def open_page(program: str) -> Iterator[Page]:
    """An empty page in a browser of its own, with an empty profile."""
    errors = PageErrors()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(program))
        try:
            page = browser.new_context(**context_options()).new_page()
            page.set_default_timeout(WAIT_MS)
            page.on("pageerror", errors.note)
            yield page
        finally:
            browser.close()
    errors.judge()


@asynccontextmanager
async def open_page_async(program: str) -> AsyncIterator[AsyncPage]:
    """The same for tests that are coroutines."""
    errors = PageErrors()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**launch_options(program))
        try:
            context = await browser.new_context(**context_options())
            page = await context.new_page()
            page.set_default_timeout(WAIT_MS)
            page.on("pageerror", errors.note)
            yield page
        finally:
            await browser.close()
    errors.judge()
