"""Dead letters for the web: the newest, one whole, and one mended and driven again by a named person."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from console.web.actions import person
from console.web.faults import Problem
from console.web.services import WebServices
from console.web.shapes import ErrorShape
from console.web.times import rfc3339
from fenceline.errors import FencelineError, NotDurable, ServiceError
from fenceline.journal import DeadLetter
from ingest.deadletter import bytes_of, read_letter, read_letters

# What the app is given: key, payload, name in; the note of the re-drive out.
Redrive = Callable[[str, bytes, str], Awaitable[DeadLetter]]
HIGHEST_LIMIT = 1_000
BEGINS_WITH = 120
