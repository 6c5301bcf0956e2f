"""Settings: what is refused, and the names that are made of park and filter."""

import pytest
from pydantic import ValidationError

from ingest.settings import IngestSettings


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"hots": "x"}, "Extra inputs"),
        ({"password": "x"}, "without `username`"),
        ({"tls_ca": "ca.pem"}, "`tls` is false"),
        ({"tls": True, "tls_key": "key.pem"}, "go together"),
        ({"topic_filter": "$share/g/fenceline/#"}, "shared subscription"),
        ({"reconnect_least_seconds": 20}, "is less than"),
        ({"protocol": "3.1"}, "3.1.1"),
        ({"receive_maximum": 70000}, "65535"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, object], said: str) -> None:
    """A mistake is named when the settings are made, before anything connects."""
    with pytest.raises(ValidationError, match=said):
        IngestSettings.model_validate(given)


def test_the_client_id_is_fixed_by_park_and_filter() -> None:
    """The same after every start, another for another filter, and the site may choose it."""
    usual = IngestSettings().client_id_for("demo")

    assert usual == IngestSettings(port=1884).client_id_for("demo")
    assert usual != IngestSettings(topic_filter="fenceline/demo/e01/#").client_id_for("demo")
    assert "mine" == IngestSettings(client_id="mine").client_id_for("demo")


def test_every_setting_is_described() -> None:
    """A setting without a sentence is a setting nobody can use."""
    assert all(field.description for field in IngestSettings.model_fields.values())


def test_a_password_is_not_shown() -> None:
    """What is printed of the settings does not hold the password."""
    assert "geheim" not in repr(IngestSettings.model_validate({"username": "u", "password": "geheim"}))
