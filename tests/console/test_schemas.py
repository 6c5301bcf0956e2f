"""The JSON Schemas under config/schema are those of the models, and the shipped files keep to them."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from console.commands.configuration import all_schemas
from fenceline.schema import schema_text

CONFIG = Path(__file__).resolve().parents[2] / "config"
FILES = {
    "park.json": "parks/*/park.yaml",
    "substances.json": "substances.yaml",
    "rules.json": "rules/*.yaml",
    "timing.json": "timing.yaml",
    "routes.json": "routes.yaml",
    "channels.json": "channels.yaml",
    "scenario.json": "scenarios/*.yaml",
    "watchdog.json": "watchdog.yaml",
}


@pytest.mark.parametrize("name", sorted(all_schemas()))
def test_schema_is_in_step_with_its_model(name: str) -> None:
    """`make schema` after changing a model."""
    expected = schema_text(all_schemas()[name])

    assert expected == (CONFIG / "schema" / name).read_text("utf-8")


@pytest.mark.parametrize("name", sorted(FILES))
def test_shipped_files_keep_to_their_schema(name: str) -> None:
    """What an editor is told agrees with what ships."""
    schema = yaml.safe_load((CONFIG / "schema" / name).read_text("utf-8"))
    paths = sorted(CONFIG.glob(FILES[name]))

    for path in paths:
        jsonschema.validate(yaml.safe_load(path.read_text("utf-8")), schema)

    assert paths
