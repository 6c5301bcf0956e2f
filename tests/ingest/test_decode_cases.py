"""Runs tests/cases/ingest/*.yaml: given MQTT messages, these readings and rejections, and nothing else."""

import base64
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from fenceline.reading import NO_SEQUENCE
from fenceline.vocabulary import Quality
from ingest.decode.json import Decoded, decode
from tests.ingest.known import Sent, bounds, known_directory

CASES = Path(__file__).resolve().parent.parent / "cases" / "ingest"
PATHS = sorted(CASES.glob("*.yaml"))


def messages_of(case: dict[str, Any]) -> list[Sent]:
    return [
        Sent(
            one["topic"],
            base64.b64decode(one["base64"]) if "base64" in one else str(one["payload"]).encode(),
        )
        for one in case["messages"]
    ]


def rows_of(decoded: Decoded) -> list[tuple[str, int, float, str, int | None]]:
    readings = decoded.readings
    return [
        (
            readings.sensors[readings.code[n]],
            int(readings.time[n]),
            float(readings.value[n]),
            Quality(int(readings.quality[n])).word,
            None if readings.sequence[n] == NO_SEQUENCE else int(readings.sequence[n]),
        )
        for n in range(len(readings))
    ]


def nanoseconds(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int(moment.replace(microsecond=0).timestamp()) * 1_000_000_000 + moment.microsecond * 1000


def check(case: dict[str, Any], decoded: Decoded) -> None:
    expected = [(row[0], nanoseconds(row[1]), row[2], row[3], row[4]) for row in case["readings"]]
    actual = rows_of(decoded)
    assert [(*row[:2], *row[3:]) for row in expected] == [(*row[:2], *row[3:]) for row in actual]
    assert [row[2] for row in expected] == pytest.approx([row[2] for row in actual], rel=1e-9, abs=1e-12)
    rejected = case.get("rejected", [])
    assert [one["reason"] for one in rejected] == [one.reason for one in decoded.rejections]
    for wanted, rejection in zip(rejected, decoded.rejections, strict=True):
        assert wanted.get("detail", "") in rejection.detail
        assert wanted.get("raw", rejection.raw.decode("utf-8", "replace")) == rejection.raw.decode(
            "utf-8", "replace"
        )


def test_there_are_cases() -> None:
    """The folder is found: no cases would be no test."""
    assert len(PATHS) > 20


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
class TestCases:
    """Each case, in one batch and message by message: the size of a batch must not show."""

    def test_in_one_batch(self, path: Path) -> None:
        """Given the messages at once, the readings and rejections are those of the case."""
        case = yaml.safe_load(path.read_text("utf-8"))

        decoded = decode(messages_of(case), known_directory(), case_bounds(case))

        check(case, decoded)

    def test_one_by_one(self, path: Path) -> None:
        """Given one message at a time to one directory, what comes out is the same together."""
        case = yaml.safe_load(path.read_text("utf-8"))
        directory = known_directory()

        parts = [decode([message], directory, case_bounds(case)) for message in messages_of(case)]

        rows = [row for part in parts for row in rows_of(part)]
        assert rows == rows_of(decode(messages_of(case), directory, case_bounds(case)))
        assert [one["reason"] for one in case.get("rejected", [])] == [
            rejection.reason for part in parts for rejection in part.rejections
        ]


def case_bounds(case: dict[str, Any]) -> Any:
    return bounds(case.get("max_payload_bytes", 1_000_000), case.get("max_message_readings", 10_000))
