"""Where Kafka is, how it is spoken to, and which park has which partition: the model of config/bus.yaml."""

import ssl
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, model_validator

from fenceline.configfile import ConfigModel
from fenceline.errors import ConfigError

PASSWORD_VARIABLE = "FENCELINE_KAFKA_PASSWORD"
Partition = Annotated[int, Field(ge=0, le=9999)]
Timeout = Annotated[float, Field(gt=0, le=300)]


class KafkaSettings(ConfigModel):
    """One Kafka cluster, as every role of Fenceline uses it."""

    servers: Annotated[tuple[str, ...], Field(min_length=1)] = ("127.0.0.1:9092",)
    """Addresses `host:port` to begin with; the cluster tells the others."""
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")] = "fenceline"
    """Begins the name of every topic: `fenceline.journal`."""
    parks: dict[str, Partition] = Field(default_factory=dict)
    """The table of parks: park id to partition number, the same in every topic. It is written down, never
    computed, so that nothing moves when a park is added; two parks never share a partition."""
    replication_factor: Annotated[int, Field(ge=1, le=9)] = 3
    """Copies of each partition; 1 only where losing the one broker's disk is acceptable."""
    min_in_sync: Annotated[int, Field(ge=1, le=9)] = 2
    """Copies that must have a record before it counts as written; less than the copies, or one broker that is
    away stops everything."""
    security: Literal["plaintext", "tls"] = "plaintext"
    """`tls` encrypts and checks the brokers' certificates."""
    tls_ca: Path | None = None
    """Certificates that are trusted; by default those of the system."""
    tls_certificate: Path | None = None
    """This client's certificate, where the brokers ask for one."""
    tls_key: Path | None = None
    """Its key."""
    sasl: Literal["none", "plain", "scram-sha-256", "scram-sha-512"] = "none"
    """How user name and password are shown to the brokers."""
    username: str | None = None
    """User name for `sasl`."""
    password: SecretStr | None = None
    """Password for `sasl`; rather in the environment variable FENCELINE_KAFKA_PASSWORD than here."""
    append_seconds: Timeout = 10.0
    """How long an append may take before it counts as not known to be recorded."""
    answer_seconds: Timeout = 10.0
    """How long a question to the cluster may take before it counts as unanswered."""

    @model_validator(mode="after")
    def _coherent(self) -> "KafkaSettings":
        if self.min_in_sync > self.replication_factor:
            raise ValueError(
                f"`min_in_sync` {self.min_in_sync} is more than the copies, {self.replication_factor}"
            )
        numbers: dict[int, str] = {}
        for park, number in self.parks.items():
            if number in numbers:
                raise ValueError(
                    f"`{park}` and `{numbers[number]}` both have partition {number} hint: give each its own"
                )
            numbers[number] = park
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("`tls_certificate` and `tls_key` go together")
        if self.sasl != "none" and self.username is None:
            raise ValueError(f"`sasl: {self.sasl}` needs `username`")
        return self

    def client_options(self) -> dict[str, Any]:
        """What every client of aiokafka is given.

        Raises:
            ConfigError: a certificate or key that cannot be read, or no password.
        """
        options: dict[str, Any] = {
            "bootstrap_servers": list(self.servers),
            "request_timeout_ms": round(self.answer_seconds * 1000),
            "security_protocol": {
                ("plaintext", False): "PLAINTEXT",
                ("plaintext", True): "SASL_PLAINTEXT",
                ("tls", False): "SSL",
                ("tls", True): "SASL_SSL",
            }[self.security, self.sasl != "none"],
        }
        if self.security == "tls":
            options["ssl_context"] = self._tls()
        if self.sasl != "none":
            if self.password is None:
                raise ConfigError(
                    f"Kafka wants a password for `{self.username}` and there is none",
                    hint=f"set the environment variable {PASSWORD_VARIABLE}",
                )
            options["sasl_mechanism"] = self.sasl.upper()
            options["sasl_plain_username"] = self.username
            options["sasl_plain_password"] = self.password.get_secret_value()
        return options

    def _tls(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=None if self.tls_ca is None else str(self.tls_ca))
            if self.tls_certificate is not None and self.tls_key is not None:
                context.load_cert_chain(str(self.tls_certificate), str(self.tls_key))
        except OSError as error:
            names = ", ".join(
                f"`{path}`" for path in (self.tls_ca, self.tls_certificate, self.tls_key) if path
            )
            raise ConfigError(
                f"the certificates for Kafka ({names or 'of the system'}) cannot be used: {error}",
                hint="PEM files that this user may read; the key without a passphrase",
            ) from error
        return context
