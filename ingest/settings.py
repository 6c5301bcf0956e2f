"""What a site may set about its MQTT intake, each with a default that works with a broker beside it."""

import hashlib
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class IngestSettings(BaseModel):
    """Settings of one ingestor: one broker, one topic filter, one client id. Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    host: str = Field(default="127.0.0.1", min_length=1)
    """Name or address of the MQTT broker."""
    port: int = Field(default=1883, ge=1, le=65535)
    """Port of the broker: 1883 plain, 8883 with TLS, as a rule."""
    protocol: Literal["5", "3.1.1"] = "5"
    """MQTT version. 5 is preferred: a 3.1.1 session gets the window that the broker was told to give."""
    username: str | None = None
    """Account on the broker, where it wants one."""
    password: SecretStr | None = None
    """Password of that account; never written to a log."""
    tls: bool = False
    """Speak TLS. Without `tls_ca` the machine's own certificate authorities are trusted."""
    tls_ca: Path | None = None
    """File with the certificate authority that signed the broker's certificate."""
    tls_certificate: Path | None = None
    """File with this client's certificate, where the broker wants one."""
    tls_key: Path | None = None
    """File with the key of that certificate."""
    client_id: str | None = Field(default=None, min_length=1, max_length=64)
    """Fixed client id of the persistent session; by default made of the park and the topic filter.
    Two clients with one id push each other out."""
    topic_filter: str | None = Field(default=None, min_length=1)
    """What to subscribe to; by default `fenceline/{park}/#`. Several filters need several ingestors, and
    no two filters may overlap."""
    ticks: bool = True
    """Whether this ingestor is the park's ticker: true for its first topic filter, false for the others."""
    receive_maximum: int = Field(default=2000, ge=20, le=65535)
    """How many messages the broker may send before the first is acknowledged; bounds what is held in
    memory. The throughput is this window divided by the time of a commit."""
    session_expiry_seconds: int = Field(default=7 * 24 * 3600, ge=3600, le=0xFFFFFFFF)
    """How long the broker keeps the session while this ingestor is away (MQTT 5; a 3.1.1 session stays as
    long as the broker is set to keep it)."""
    keepalive_seconds: int = Field(default=5, ge=2, le=60)
    """A broker that says nothing for twice this long counts as lost."""
    connect_seconds: float = Field(default=10.0, gt=0, le=120)
    """How long connecting and subscribing may take."""
    reconnect_least_seconds: float = Field(default=0.25, gt=0)
    """Wait before the first reconnect; it doubles with every failure in a row."""
    reconnect_most_seconds: float = Field(default=15.0, gt=0)
    """The longest wait between two attempts to connect."""
    gather_seconds: float = Field(default=0.02, ge=0, le=1)
    """How far apart batches begin, unless many messages wait; after a pause the first goes at once."""
    batch_messages: int = Field(default=1000, ge=1, le=10000)
    """The most messages in one batch."""
    batch_bytes: int = Field(default=500_000, ge=1000)
    """A batch is closed once its messages have this many bytes: a batch is decoded in one go, and the
    process answers nobody meanwhile."""
    max_payload_bytes: int = Field(default=1_000_000, ge=1000)
    """A larger payload is refused as `oversize`."""
    max_message_readings: int = Field(default=10_000, ge=1)
    """A message with more readings is refused as `oversize`: one letter each would fill the disk."""
    ahead_seconds: float = Field(default=60.0, gt=0)
    """How far a reading's time may lie ahead of this ingestor's clock before it is refused."""
    silent_broker_seconds: float = Field(default=3.0, gt=0)
    """After this long without word from the broker no mark and no tick is written."""

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("`tls_certificate` and `tls_key` go together")
        if not self.tls and (self.tls_ca or self.tls_certificate):
            raise ValueError("certificates are given, but `tls` is false")
        if self.password is not None and self.username is None:
            raise ValueError("`password` is given without `username`")
        if self.reconnect_most_seconds < self.reconnect_least_seconds:
            raise ValueError("`reconnect_most_seconds` is less than `reconnect_least_seconds`")
        if self.topic_filter is not None and self.topic_filter.startswith("$share/"):
            raise ValueError("`topic_filter` is a shared subscription, which breaks a sensor's order")
        return self

    def filter_for(self, park: str) -> str:
        """The topic filter of this ingestor."""
        return self.topic_filter if self.topic_filter is not None else f"fenceline/{park}/#"

    def client_id_for(self, park: str) -> str:
        """The fixed client id: the same for the same park and filter, after every start."""
        if self.client_id is not None:
            return self.client_id
        mark = hashlib.blake2b(self.filter_for(park).encode(), digest_size=4).hexdigest()
        return f"fenceline-{park[:32]}-{mark}"

    @property
    def broker(self) -> str:
        """The broker as people write it."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"
