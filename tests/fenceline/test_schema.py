"""The JSON Schemas in config/schema are those of the models, and the samples keep to them."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from fenceline.schema import FLOOR_SCHEMAS, schema_text, write_schemas

CONFIG = Path(__file__).parents[2] / "config"
SAMPLES = {
    "park.json": CONFIG / "parks" / "demo" / "park.yaml",
    "substances.json": CONFIG / "substances.yaml",
}
AGAIN = 'the models changed: write_schemas("config/schema", FLOOR_SCHEMAS) from fenceline.schema, in Python'


@pytest.mark.parametrize("name", FLOOR_SCHEMAS)
def test_the_schema_is_in_step(name: str) -> None:
    """The file says what the model says."""
    expected = schema_text(FLOOR_SCHEMAS[name])

    assert expected == (CONFIG / "schema" / name).read_text(encoding="utf-8"), AGAIN


@pytest.mark.parametrize("name", FLOOR_SCHEMAS)
def test_the_sample_keeps_to_the_schema(name: str) -> None:
    """Another program's validator, with another YAML reader, accepts the sample."""
    schema = json.loads((CONFIG / "schema" / name).read_text(encoding="utf-8"))
    sample = yaml.safe_load(SAMPLES[name].read_text(encoding="utf-8"))

    jsonschema.Draft202012Validator.check_schema(schema)

    assert [] == [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(sample)]


@pytest.mark.parametrize("name", FLOOR_SCHEMAS)
def test_every_field_is_described(name: str) -> None:
    """An editor shows a sentence for every key."""
    schema = json.loads(schema_text(FLOOR_SCHEMAS[name]))
    models = [schema, *schema["$defs"].values()]

    silent = [
        key
        for model in models
        for key, field in model.get("properties", {}).items()
        if not field.get("description")
    ]

    assert [] == silent


def test_files_are_written_by_name(tmp_path: Path) -> None:
    """One file for each name, the same letters each time."""
    write_schemas(tmp_path / "schema", FLOOR_SCHEMAS)

    assert set(FLOOR_SCHEMAS) == {path.name for path in (tmp_path / "schema").iterdir()}
