"""The model of config/routes.yaml: which route an alert takes, and which mistakes are refused."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from alerts.routes import Routes
from fenceline.vocabulary import Level, Tier

SHIPPED = Path(__file__).resolve().parents[2] / "config" / "routes.yaml"
WHO = {"name": {"zh": "值班", "en": "duty"}, "channels": ["log"]}
LAST = {"steps": [{"to": ["duty"], "wait_seconds": 60}]}


def parsed(**changes: Any) -> Routes:
    return Routes.model_validate({"recipients": {"duty": WHO}, "routes": [LAST]} | changes)


def test_the_first_route_that_matches_counts() -> None:
    """All of its lists must match; an empty list matches everything."""
    routes = parsed(
        routes=[
            {"tier": ["park"], "level": ["blue"]},
            {"owner": ["e01"], "level": ["red"]},
            {"level": ["red", "blue"]},
            LAST,
        ]
    )

    found = [
        routes.routes.index(routes.route_for(tier, level, owner))
        for tier, level, owner in [
            (Tier.PARK, Level.BLUE, "park"),
            (Tier.ENTERPRISE, Level.RED, "e01"),
            (Tier.ENTERPRISE, Level.RED, "e02"),
            (Tier.ENTERPRISE, Level.BLUE, "e01"),
            (Tier.PARK, Level.ORANGE, "park"),
        ]
    ]

    assert [0, 1, 2, 2, 3] == found


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"routes": [{"level": ["red"], **LAST}]}, "the last route must match everything"),
        ({"routes": []}, "at least 1 item"),
        ({"routes": [{"steps": [{"to": ["nobody"], "wait_seconds": 60}]}]}, "`to` names `nobody`"),
        ({"routes": [{"steps": [{"to": ["duty", "duty"], "wait_seconds": 60}]}]}, "`to` names `duty` twice"),
        ({"routes": [{"steps": [{"to": [], "wait_seconds": 60}]}]}, "at least 1 item"),
        ({"routes": [{"steps": [{"to": ["duty"], "wait_seconds": 0}]}]}, "greater than 0"),
        ({"recipients": {"duty": {**WHO, "channels": []}}}, "at least 1 item"),
        ({"recipients": {"duty": {**WHO, "phone": "1"}}}, "phone"),
        ({"attempts_per_channel": 0}, "greater than or equal to 1"),
    ],
)
def test_mistakes_are_refused(changes: dict[str, Any], message: str) -> None:
    """Each with words that name it."""
    with pytest.raises(ValidationError, match=message):
        parsed(**changes)


def test_the_shipped_routes_page_somebody_for_everything_but_attention() -> None:
    """Whatever the tier, each level from blue up has steps."""
    routes = Routes.model_validate(yaml.safe_load(SHIPPED.read_text(encoding="utf-8")))

    silent = {
        (tier, level) for tier in Tier for level in Level if not routes.route_for(tier, level, "e01").steps
    }

    assert {(tier, Level.ATTENTION) for tier in Tier} == silent
