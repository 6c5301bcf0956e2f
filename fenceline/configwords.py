"""A pydantic error in, a sentence and a hint for the person who wrote the file out."""

import difflib
import types
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, RootModel
from pydantic_core import ErrorDetails

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
    "date_type": "a date",
    "datetime_type": "a date and time",
    "none_required": "nothing",
}


def explain(details: ErrorDetails, keys: Iterable[str]) -> tuple[str, str]:
    """What is wrong and what to do; `keys` are those the place knows."""
    kind = details["type"]
    name = str(details["loc"][-1]) if details["loc"] else ""
    given = details["input"]
    context = details.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key `{name}`", did_you_mean(name, keys, "known keys")
    if kind == "missing" and name.isdigit():
        return f"the list has {name} of its values, one more is missing", "give all of them"
    if kind == "missing":
        return f"the key `{name}` is missing", f"add `{name}: ...` here"
    if kind == "union_tag_not_found":
        name = context["discriminator"].strip("'")
        return f"the key `{name}` is missing", "add it: it says what the other keys are"
    if kind in ("enum", "literal_error", "union_tag_invalid"):
        word = str(context.get("tag", given))
        words = _listed(str(context.get("expected", context.get("expected_tags"))))
        return f"{shown(word)} is not one of the words known here", did_you_mean(word, words, "known words")
    if kind == "string_pattern_mismatch":
        return f"{shown(given)} does not have the form asked for", f"it must match {context['pattern']}"
    if kind in ("value_error", "assertion_error"):
        message, _, hint = str(context.get("error", details["msg"])).partition(" hint: ")
        return message, hint
    if kind in _KINDS:
        return f"expected {_KINDS[kind]}, found {kind_of(given)} {shown(given)}", _hint_for_kind(kind, given)
    if kind == "too_short":
        return f"the list has {context['actual_length']} values", f"give at least {context['min_length']}"
    if kind == "too_long":
        return f"the list has more than {context['max_length']} values", "leave out what is too much"
    demand = details["msg"].removeprefix("Input ").removeprefix("String ").replace("should be", "must be")
    return f"{shown(given)} {demand[0].lower()}{demand[1:]}", "change the value"


def _listed(sentence: str) -> list[str]:
    """The words in `'a', 'b' or 'c'`."""
    return [word.strip().strip("'") for word in sentence.replace(" or ", ", ").split(",")]


def did_you_mean(word: str, known: Iterable[str], label: str = "known") -> str:
    """The closest known word, or all of them where none is close."""
    words = list(known)
    close = difflib.get_close_matches(word.lower(), words, n=1, cutoff=0.65)
    if close:
        return f"did you mean `{close[0]}`?"
    if not words:
        return f"there are no {label} here"
    rest = f" and {len(words) - 24} more" if len(words) > 24 else ""
    return f"{label}: " + ", ".join(f"`{word}`" for word in words[:24]) + rest


def shown(value: object) -> str:
    """A value of the file as its writer would recognise it, cut where it is long."""
    if value is None:
        return "(empty)"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    text = str(value)
    return f"`{text[:57]}...`" if len(text) > 60 else f"`{text}`"


def kind_of(value: object) -> str:
    """The kind of a value in the words of a person who writes YAML."""
    if isinstance(value, bool):
        return "the boolean"
    names = {int: "the number", float: "the number", str: "the text", list: "the list", dict: "the keys"}
    return names.get(type(value), "nothing")


def _hint_for_kind(kind: str, given: object) -> str:
    if kind.startswith("string"):
        if isinstance(given, bool):
            return f'write "{str(given).lower()}" in quotes: without them it is a boolean'
        if isinstance(given, int | float):
            return f'write "{given}" in quotes: without them it is a number'
    if kind == "int_from_float":
        return "write it without a fraction"
    if kind.startswith(("int", "float")) and isinstance(given, str):
        return "write a bare number, without quotes, unit or thousands separator"
    if kind.startswith("bool"):
        return "write true or false, without quotes"
    if given is None:
        return "give a value, or leave the key out if it may be left out"
    if _KINDS[kind] == "a list":
        return "write [a, b], or one `- item` in a line"
    return "change the value"


def known_keys(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """The keys that the model or models at `path` below `model` know."""
    here = _plain(model)
    for part in path:
        below: list[Any] = []
        tagged = [kind for kind in here if _has_tag(kind, part)]
        for kind in here:
            below += _step(kind, part)
        # Errors below a union of models carry the word that chose one of them.
        here = below or tagged or here
    return sorted({name for kind in here if _is_model(kind) for name in _keys(kind)})


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _has_tag(kind: Any, part: str | int) -> bool:
    if not _is_model(kind):
        return False
    words = [get_args(field.annotation) for field in kind.model_fields.values() if
             get_origin(field.annotation) is Literal]  # fmt: skip
    return kind.__name__ == part or any(part in choice for choice in words)


def _step(kind: Any, part: str | int) -> list[Any]:
    """The types one step below `kind`."""
    if _is_model(kind):
        found = [field.annotation for name, field in kind.model_fields.items() if part in (name, field.alias)]
        return [plain for annotation in found for plain in _plain(annotation)]
    arguments = get_args(kind)
    if not arguments:
        return []
    if get_origin(kind) is dict:
        return _plain(arguments[1])
    if isinstance(part, int):
        return [plain for argument in arguments for plain in _plain(argument)]
    return []


def _plain(annotation: Any) -> list[Any]:
    """An annotation without Annotated and unions, as the types it may be."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _plain(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [plain for argument in get_args(annotation) for plain in _plain(argument)]
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        return _plain(annotation.model_fields["root"].annotation)
    if hasattr(annotation, "__value__"):
        return _plain(annotation.__value__)
    return [annotation]
