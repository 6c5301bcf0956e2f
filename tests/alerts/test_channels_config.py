"""config/channels.yaml: what builds, what is absent, what is refused, and that no secret is ever shown."""

import json
import re
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from alerts.channels.apprise import AppriseChannel
from alerts.channels.config import ChannelsConfig
from alerts.channels.log import LogChannel
from alerts.channels.message import message_of
from alerts.channels.payload import payload_of
from alerts.channels.registry import build_channels, close_channels
from alerts.channels.secrets import scrubbed, shown
from alerts.channels.webhook import WebhookChannel
from fenceline.alert import Name
from fenceline.configfile import ConfigProblems, load, load_text
from fenceline.errors import ConfigError
from fenceline.vocabulary import Level, Tier
from tests.alerts.pager_world import page_named

REPOSITORY = Path(__file__).resolve().parents[2]
GUIDE = REPOSITORY / "docs" / "guides" / "channels.md"
SHIPPED = REPOSITORY / "config" / "channels.yaml"
SECRET = "s3cr3t-t0ken-value"


def _config(text: str) -> ChannelsConfig:
    return load_text(text, "channels.yaml", ChannelsConfig)


def test_shipped_channels_build_without_an_environment() -> None:
    """On a fresh machine the log is there, and each of the others says which variable is missing."""
    channels, absent = build_channels(load(SHIPPED, ChannelsConfig), {})

    assert ["log"] == list(channels)
    assert isinstance(channels["log"], LogChannel)
    assert "the environment variable `FENCELINE_PAGE_URL` is not set" == absent["webhook"]
    assert set(load(SHIPPED, ChannelsConfig).channels) == {*channels, *absent}


async def test_environment_configures_channels() -> None:
    """An address in the environment makes the channel; Apprise's are built too."""
    environ = {
        "FENCELINE_PAGE_URL": "http://127.0.0.1:9000/pages",
        "FENCELINE_DUTY_WECOM": "wecombot://0d1e2f3a-1111-2222-3333-444455556666",
        "FENCELINE_DUTY_EMAIL": "   ",
    }

    channels, absent = build_channels(load(SHIPPED, ChannelsConfig), environ)
    await close_channels(channels.values())

    assert {"log", "webhook", "duty-wecom"} == set(channels)
    assert isinstance(channels["webhook"], WebhookChannel)
    assert "duty-email" in absent


def test_absent_channel_is_said_in_a_warning() -> None:
    """A channel that is left out is not left out in silence."""
    with capture_logs() as logs:
        build_channels(_config("channels: {a: {kind: webhook, url_env: NOT_SET}}"), {})

    expected = {
        "event": "channel is not configured",
        "log_level": "warning",
        "channel": "a",
        "reason": "the environment variable `NOT_SET` is not set",
    }
    assert [expected] == logs


async def test_address_from_a_file(tmp_path: Path) -> None:
    """A file holds the address; without the file, or with an empty one, the channel is absent."""
    there, empty = tmp_path / "there", tmp_path / "empty"
    there.write_text("https://example.org/hook\n", encoding="utf-8")
    empty.write_text("\n", encoding="utf-8")
    lines = [
        f"  {name}: {{kind: webhook, url_file: '{path}'}}"
        for name, path in (("there", there), ("empty", empty), ("gone", tmp_path / "gone"))
    ]

    channels, absent = build_channels(_config("\n".join(["channels:", *lines])), {})
    await close_channels(channels.values())

    assert ["there"] == list(channels)
    assert {"empty", "gone"} == set(absent)


def test_wrong_addresses_are_all_named_and_never_shown() -> None:
    """Each address that cannot be right is named by its channel, in one message, without the address."""
    config = _config(
        "channels:\n  a: {kind: webhook, url_env: A}\n  b: {kind: apprise, url_env: B}\n  c: {kind: log}\n"
    )

    with pytest.raises(ConfigError) as caught:
        build_channels(config, {"A": f"ftp://{SECRET}/", "B": f"nosuch://{SECRET}"})

    assert "channel `a`" in str(caught.value)
    assert "channel `b`" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("{kind: webhook}", "no address is given"),
        ("{kind: apprise}", "no address is given"),
        ("{kind: webhook, url: 'http://h/', url_env: A}", "2 addresses are given"),
        ("{kind: apprise, url_env: A, url_file: b}", "2 addresses are given"),
        ("{kind: apprise, url: 'dingtalk://token/'}", "unknown key `url`"),
        ("{kind: webhook, url: 'http://user:password@h/'}", "`url` holds credentials"),
        ("{kind: webhook, url: 'http://h/?key=abc'}", "`url` holds credentials"),
        ("{kind: log, url_env: A}", "unknown key `url_env`"),
        ("{kind: pigeon}", "`pigeon` is not one of the words known here"),
        ("{kind: webhook, url_env: A, timeout_seconds: 0}", "timeout_seconds"),
        ("{kind: webhook, url_env: 'not a name'}", "url_env"),
    ],
)
def test_mistakes_are_refused(channel: str, said: str) -> None:
    """Each mistake names its place and what is wrong."""
    with pytest.raises(ConfigProblems) as caught:
        _config(f"channels:\n  a: {channel}\n")

    assert said in str(caught.value)
    assert "channels.yaml:2" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org", "https://example.org"),
        ("https://user:password@example.org:8443/hook/abc?key=1", "https://example.org:8443/***"),
        (f"dingtalk://{SECRET}/13800000000", "dingtalk://***"),
        ("not an address", "***"),
    ],
)
def test_address_is_shown_without_its_secrets(url: str, expected: str) -> None:
    """Scheme and host of http addresses; of others, whose host is the secret, the scheme alone."""
    assert expected == shown(url)


@pytest.mark.parametrize(
    "url",
    [
        f"dingtalk://{SECRET}/",
        f"dingtalk://other@{SECRET}/13800000000",
        f"mailtos://user:{SECRET}@example.org?to=a@example.org",
        f"https://example.org/send?key={SECRET}",
        f"feishu://{SECRET}",
    ],
)
def test_sentence_is_rid_of_secrets(url: str) -> None:
    """Wherever the secret stands in the address, it does not stand in the sentence."""
    text = f"could not post to {url}: token {SECRET} is wrong"

    assert SECRET not in scrubbed(text, url)


def test_guide_shows_the_payload_as_it_is() -> None:
    """The example in the guide is what a webhook receives."""
    shown_json = re.search(r"<!-- payload -->\n```json\n(.*?)\n```", GUIDE.read_text("utf-8"), re.DOTALL)

    assert shown_json is not None
    assert _example() == json.loads(shown_json.group(1))
    assert json.dumps(_example(), ensure_ascii=False, indent=2) == shown_json.group(1)


def test_guide_names_every_field_and_every_shipped_variable() -> None:
    """Each field of the payload has its row, each variable of config/channels.yaml its mention."""
    guide = GUIDE.read_text("utf-8")
    variables = re.findall(r"url_env: (\w+)", SHIPPED.read_text("utf-8"))

    assert [] == [name for name in _example() if f"| `{name}`" not in guide]
    assert [] == [name for name in variables if name not in guide]


def test_guide_gives_addresses_that_apprise_knows() -> None:
    """Each form in the guide's table of services builds, once its capital letters are filled in."""
    table = GUIDE.read_text("utf-8").partition("## Group robots")[2].partition("## The webhook")[0]
    addresses = re.findall(r"`([a-z]+://[^`]+)`", table)

    refused = []
    for address in addresses:
        try:
            AppriseChannel(re.sub(r"[A-Z][A-Z_]+", "AC" + "a" * 32, address))
        except ConfigError:
            refused.append(address)

    assert [] == refused
    assert len(addresses) > 10


def _example() -> dict[str, object]:
    page = page_named(
        "threshold-h2s:e01-u1-h2s-1:1760000000000~1.1",
        call="threshold-h2s:e01-u1-h2s-1:1760000000000~1",
        alerts=("threshold-h2s:e01-u1-h2s-1:1760000000000",),
        recipient="e01-duty",
        recipient_name=Name(zh="甲一化工值班", en="Enterprise 1 duty desk"),
        level=Level.ORANGE,
        tier=Tier.ENTERPRISE,
        simulated=True,
        text={
            "zh": ("【演练】橙色Ⅱ级 甲一化工 1 号装置：硫化氢 超过限值", "12.4 ppm ≥ 10 ppm"),
            "en": ("[SIMULATED] Orange II · Enterprise 1 · Unit 1: hydrogen sulphide", "12.4 ppm ≥ 10 ppm"),
        },
        link="/#/alerts/threshold-h2s:e01-u1-h2s-1:1760000000000",
    )
    return payload_of(message_of(page, 1, "http://127.0.0.1:8080"))
