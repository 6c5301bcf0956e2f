"""The package build's hook: builds the browser application, and adds the folders that are not Python.

Comes in through hatchling for `pip install .`, `pip wheel .` and the source distribution; an editable install
builds nothing, since `make` builds the browser application by its own target.
"""

import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FencelineBuildHook(BuildHookInterface[Any]):
    """Makes wheels and source distributions whole."""

    def dependencies(self) -> list[str]:
        """Asks for node as a package, where something must be built and the machine has none new enough.

        Every build front end installs what a hook asks for into its own throw-away environment, so nothing
        has to be fetched by hand and nothing stays behind.
        """
        web = self._web()
        return [] if web.is_up_to_date() or web.node_on_path() else [web.NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds the browser application and says what else goes in and where."""
        if version == "editable":
            return
        self._web().build()
        if self.target_name == "wheel":
            build_data["force_include"]["config"] = "console/_config"
            build_data["force_include"]["deploy/services/mosquitto.conf"] = "console/_deploy/mosquitto.conf"

    def _web(self) -> Any:
        if self.root not in sys.path:
            sys.path.insert(0, self.root)
        from deploy import build_web

        return build_web
