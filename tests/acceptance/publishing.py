"""Publishing as a third party would: with Mosquitto's own client."""

import subprocess

from tests.acceptance.station import TOPIC, Station
from tests.parts import need


def publish(station: Station, sensor: str, time_ms: int, value: float, unit: str, sequence: int) -> None:
    """One reading at QoS 1, as docs/reference/mqtt.md says."""
    payload = (
        f'{{"sensor":"{sensor}","time":{time_ms},"value":{value},"unit":"{unit}","sequence":{sequence}}}'
    )
    publish_raw(station, TOPIC, payload.encode())


def publish_raw(station: Station, topic: str, payload: bytes) -> None:
    """Any bytes at QoS 1; returns once the broker has acknowledged."""
    command = [need("mosquitto_pub"), "-p", str(station.mqtt_port), "-q", "1", "-t", topic, "-s"]
    subprocess.run(command, input=payload, check=True, timeout=20)
