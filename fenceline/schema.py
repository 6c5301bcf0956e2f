"""Models in, JSON Schema files out, by which an editor helps whoever writes a configuration."""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from fenceline.park import Park
from fenceline.substance import Substances

# The floor's own; the control room adds those of the rooms.
FLOOR_SCHEMAS: Mapping[str, type[BaseModel]] = {"park.json": Park, "substances.json": Substances}


def schema_text(model: type[BaseModel]) -> str:
    """The schema of one model, in the same letters each time."""
    return json.dumps(model.model_json_schema(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def write_schema(model: type[BaseModel], path: Path | str) -> None:
    """Write the schema of one model to a file."""
    Path(path).write_text(schema_text(model), encoding="utf-8", newline="\n")


def write_schemas(folder: Path | str, schemas: Mapping[str, type[BaseModel]]) -> None:
    """Write one file for each name in `schemas`."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, model in schemas.items():
        write_schema(model, Path(folder) / name)
