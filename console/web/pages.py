"""The built browser application as files; every other address shows it too, for it routes by itself."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response

from console.web.faults import answer

_MISSING = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>Fenceline</title></head><body>
<h1>页面尚未构建 · The page has not been built</h1>
<p>服务正在运行，但浏览器应用不存在。告警仍可经 <a href="/api/alerts">/api/alerts</a> 查看。</p>
<p>The server runs, but the browser application is not there.
Alerts can still be read at <a href="/api/alerts">/api/alerts</a>.</p>
<p>hint: <code>make web</code>, then load this page again.</p>
</body></html>
"""


def router_of(dist: Path) -> APIRouter:
    """Files of `dist`, and its index for every path that is no file."""
    router = APIRouter(include_in_schema=False)
    root = dist.resolve()

    @router.api_route("/{path:path}", methods=["GET", "HEAD"])
    async def page(path: str) -> Response:
        if path == "api" or path.startswith("api/"):
            return answer(404, f"there is nothing at `/{path}`", "see /api/openapi.json for what there is")
        wanted = (root / path).resolve()
        if path and wanted.is_relative_to(root) and wanted.is_file():
            # Names of built files hold a hash of what is in them, so they never change.
            kept = "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
            return FileResponse(wanted, headers={"Cache-Control": kept})
        if path.startswith("assets/"):
            return answer(404, f"there is no file `/{path}`", "load the page again: it was built anew")
        index = root / "index.html"
        if not index.is_file():
            return HTMLResponse(_MISSING, status_code=503)
        return FileResponse(index, headers={"Cache-Control": "no-cache"})

    return router
