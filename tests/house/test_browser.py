"""The browser fixtures, tried on a page of their own; errors inside a page are noticed."""

import pytest
from playwright.async_api import Page as AsyncPage
from playwright.sync_api import Page

from tests.browser import open_page


def test_page_speaks_the_control_rooms_language(chromium_page: Page) -> None:
    """The page's locale and zone are those of the people at the screen."""
    chromium_page.set_content("<h1>演练</h1>")

    answer = chromium_page.evaluate("[navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone]")

    assert ["zh-CN", "Asia/Shanghai"] == answer
    assert "演练" == chromium_page.inner_text("h1")


async def test_page_for_coroutines(chromium_page_async: AsyncPage) -> None:
    """The same browser, for tests that are coroutines."""
    await chromium_page_async.set_content("<h1>演练</h1>")

    assert "演练" == await chromium_page_async.inner_text("h1")


def test_error_inside_a_page_fails_its_test(chromium_program: str) -> None:
    """An exception that nobody caught inside the page is not overlooked."""

    def lose_an_error() -> None:
        with open_page(chromium_program) as page, page.expect_event("pageerror"):
            page.evaluate("() => { setTimeout(() => { throw new Error('lost') }) }")

    with pytest.raises(AssertionError, match="nobody caught"):
        lose_an_error()
