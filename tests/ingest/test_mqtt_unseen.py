"""docs/reference/mqtt.md, *What Fenceline never sees*: what a real broker tells a device that errs."""

import queue
import re

import pytest
from paho.mqtt.client import Client, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from tests.broker import Mosquitto
from tests.ingest.service_bench import ROOT, WAIT_SECONDS

PAGE = (ROOT / "docs" / "reference" / "mqtt.md").read_text("utf-8")
ELSEWHERE, OWN = "fenceline/other/e01/d1/readings", "fenceline/demo/e01/d1/readings"
FITS, TOO_LARGE = 1_040_000, 1_048_577


def told(broker: Mosquitto, protocol: int, size: int, topic: str = ELSEWHERE) -> str:
    """What the device hears first after it has published: an answer, or that the connection has ended."""
    heard: queue.Queue[str] = queue.Queue()
    device = Client(CallbackAPIVersion.VERSION2, protocol=protocol, reconnect_on_failure=False)  # type: ignore[arg-type]
    device.username_pw_set("d1")
    device.on_connect = lambda *_: heard.put("connected")
    device.on_publish = lambda _client, _data, _mid, reason, _properties: heard.put(f"answered: {reason}")
    device.on_disconnect = lambda _client, _data, _flags, reason, _properties: heard.put(f"ended: {reason}")
    device.connect(broker.host, broker.port)
    device.loop_start()
    try:
        assert "connected" == heard.get(timeout=WAIT_SECONDS)
        device.publish(topic, b"x" * size, qos=1)
        return heard.get(timeout=WAIT_SECONDS)
    finally:
        device.disconnect()
        device.loop_stop()


@pytest.mark.parametrize(
    ("protocol", "answer"), [(MQTTv5, "answered: No matching subscribers"), (MQTTv311, "answered: Success")]
)
def test_topic_that_nobody_subscribes_to(mosquitto: Mosquitto, protocol: int, answer: str) -> None:
    """Only MQTT 5 can tell the device; with 3.1.1 it hears that all is well."""
    assert answer == told(mosquitto, protocol, 10)


@pytest.mark.parametrize("protocol", [MQTTv5, MQTTv311])
def test_message_that_the_broker_does_not_take(mosquitto: Mosquitto, protocol: int) -> None:
    """The connection ends, and the broker's log says why; what is smaller than its bound goes through."""
    assert told(mosquitto, protocol, FITS).startswith("answered")

    assert told(mosquitto, protocol, TOO_LARGE).startswith("ended")
    assert "disconnected due to oversize packet" in mosquitto.log


def test_rule_for_topics_refuses_what_is_misaddressed(mosquitto: Mosquitto) -> None:
    """With the documented rule a device may publish under its own name, and is told where it may not."""
    rules = re.findall(r"```text\n(pattern write .*?)```", PAGE, re.DOTALL)
    assert 1 == len(rules)
    mosquitto.stop()
    (mosquitto.folder / "acl").write_text(rules[0], "utf-8")
    mosquitto.start(f"acl_file {mosquitto.folder / 'acl'}\n")

    assert "answered: Not authorized" == told(mosquitto, MQTTv5, 10)
    assert "answered: No matching subscribers" == told(mosquitto, MQTTv5, 10, OWN)
