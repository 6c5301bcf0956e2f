"""Who may speak to the console, and what its pages may load."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fenceline.bus.memory import MemoryBus
from tests.console_web.house import Console, console_over, new_clock


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[Console]:
    clock = new_clock()
    async with console_over(MemoryBus(clock=clock), clock, tmp_path) as console:
        yield console


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080"])
async def test_names_of_this_machine_are_served(console: Console, host: str) -> None:
    """The loopback's own names pass, on any port."""
    answer = await console.client.get("/healthz", headers={"Host": host})

    assert 200 == answer.status_code


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:8080", "[::", ""])
async def test_other_names_are_refused(console: Console, host: str) -> None:
    """A name that somebody pointed at the loopback does not pass."""
    answer = await console.client.get("/api/park", headers={"Host": host})

    assert 421 == answer.status_code
    assert "127.0.0.1" in answer.json()["error"]["hint"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_other_origins_may_not_act(console: Console, headers: dict[str, str]) -> None:
    """A page of another site cannot acknowledge through somebody's browser."""
    answer = await console.client.post("/api/alerts/x/acknowledge", json={}, headers=headers)

    assert 403 == answer.status_code


async def test_our_own_page_may_act(console: Console) -> None:
    """The console's own origin passes the guard."""
    answer = await console.client.post(
        "/api/alerts/x/acknowledge", json={}, headers={"Origin": "http://127.0.0.1:8080"}
    )

    assert 422 == answer.status_code


async def test_a_large_body_is_not_taken(console: Console) -> None:
    """More than anybody's acknowledgement needs is refused by its length."""
    answer = await console.client.post("/api/alerts/x/acknowledge", content=b"x" * 20_000)

    assert 413 == answer.status_code


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/park", "/api/nothing"])
async def test_every_answer_keeps_the_page_to_itself(console: Console, path: str) -> None:
    """No foreign script, no frame, no guessing of types, on every answer."""
    headers = (await console.client.get(path)).headers

    assert "script-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "nosniff" == headers["x-content-type-options"]


async def test_a_page_that_was_not_built_says_how(console: Console) -> None:
    """Without the browser application there is a page that says what to do."""
    answer = await console.client.get("/")

    assert 503 == answer.status_code
    assert "make web" in answer.text


async def test_the_built_page_answers_every_address(console: Console, tmp_path: Path) -> None:
    """Files as they are, kept for good where their name holds a hash; anything else is the page."""
    assets = tmp_path / "dist" / "assets"
    assets.mkdir(parents=True)
    (assets / "app-1f.js").write_text("1")
    (tmp_path / "dist" / "index.html").write_text("<html>page</html>")
    (tmp_path / "secret").write_text("secret")

    page = await console.client.get("/alerts/some/alert")
    script = await console.client.get("/assets/app-1f.js")
    missing = await console.client.get("/assets/gone.js")
    outside = await console.client.get("/..%2fsecret")
    api = await console.client.get("/api/nothing")

    assert ("<html>page</html>", "no-cache") == (page.text, page.headers["cache-control"])
    assert "immutable" in script.headers["cache-control"]
    assert "javascript" in script.headers["content-type"]
    assert (404, 404) == (missing.status_code, api.status_code)
    assert "<html>page</html>" == outside.text
