"""The console's figures for Prometheus, collected when they are asked for and never per reading."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from console.web.services import WebServices
from fenceline.bus import Topic

_COLUMNS = ("out", "rejected", "late", "duplicate")


class ConsoleCollector(Collector):
    """Reads accounts, picture and stream at each scrape."""

    def __init__(self, services: WebServices) -> None:
        self._services = services
        self.ends: dict[Topic, int] = {}  # set before each scrape: asking the bus must be awaited

    def collect(self) -> Iterator[Metric]:
        yield from self._accounts()
        yield from self._picture()
        yield from self._stream()
        yield from self._watchdog()

    def _accounts(self) -> Iterator[Metric]:
        readings = CounterMetricFamily(
            "fenceline_readings", "Readings by stage and column.", labels=("park", "stage", "column")
        )
        by_reason = CounterMetricFamily(
            "fenceline_readings_by_reason",
            "Readings by stage, column and reason.",
            labels=("park", "stage", "column", "reason"),
        )
        lost = GaugeMetricFamily(
            "fenceline_readings_lost_before_us",
            "Readings that the devices' sequence numbers say never reached us.",
            labels=("park",),
        )
        in_flight = GaugeMetricFamily(
            "fenceline_readings_in_flight", "Readings inside a stage.", labels=("park", "stage")
        )
        balanced = GaugeMetricFamily(
            "fenceline_account_balanced", "1 where a stage's account balances.", labels=("park", "stage")
        )
        park = self._services.park.id
        for stage, account in self._services.stages().items():
            readings.add_metric((park, stage, "in"), account.received)
            for column in _COLUMNS:
                readings.add_metric((park, stage, column), getattr(account, column))
            for column, reasons in account.reasons.items():
                for reason, count in reasons.items():
                    by_reason.add_metric((park, stage, column, reason), count)
            in_flight.add_metric((park, stage), account.in_flight)
            if stage == "engine":
                lost.add_metric((park,), account.lost_before_us)
            balanced.add_metric((park, stage), int(account.balanced))
        yield from (readings, by_reason, in_flight, lost, balanced)

    def _picture(self) -> Iterator[Metric]:
        services, view = self._services, self._services.view
        park = services.park.id
        if view.folded is not None:
            lag_ns = services.clock.now_ns() - view.folded.to_ns
            yield self._gauge("fenceline_folded_lag_seconds", "How far the engine is behind.", lag_ns / 1e9)
            yield self._gauge("fenceline_sensors", "Sensors in force.", view.folded.sensors)
            yield self._gauge("fenceline_sensors_watching", "Sensors that can tell.", view.folded.watching)
        yield self._gauge(
            "fenceline_alerts_unacknowledged", "Open alerts without an answer.", view.unacknowledged
        )
        counts: dict[tuple[str, str], int] = {}
        for alert in view.open.values():
            key = (alert.tier.value, alert.level.value)
            counts[key] = counts.get(key, 0) + 1
        alerts = GaugeMetricFamily("fenceline_alerts_open", "Open alerts.", labels=("park", "tier", "level"))
        for (tier, level), count in sorted(counts.items()):
            alerts.add_metric((park, tier, level), count)
        ready = GaugeMetricFamily("fenceline_part_ready", "1 where a part is ready.", labels=("park", "part"))
        for part, state in services.parts().items():
            ready.add_metric((park, part), int(state.ready))
        ends = GaugeMetricFamily(
            "fenceline_topic_end", "The offset after the last record.", labels=("park", "topic")
        )
        for topic, end in self.ends.items():
            ends.add_metric((park, topic.value), end)
        yield from (alerts, ready, ends)

    def _stream(self) -> Iterator[Metric]:
        live, park = self._services.live, self._services.park.id
        yield self._gauge("fenceline_stream_screens", "Screens connected.", len(live.screens))
        for name, text, count in (
            ("fenceline_stream_frames", "Frames encoded, once for all screens.", live.encoded),
            (
                "fenceline_stream_slow_disconnects",
                "Screens disconnected because they were slow.",
                live.disconnected_slow,
            ),
        ):
            counter = CounterMetricFamily(name, text, labels=("park",))
            counter.add_metric((park,), count)
            yield counter

    def _watchdog(self) -> Iterator[Metric]:
        watched, park = self._services.watched, self._services.park.id
        if watched is None:
            return
        seen = watched.seen()
        yield self._gauge("fenceline_watchdog_up", "1 where the watchdog answers.", int(seen is not None))
        if seen is None:
            return
        rounds = CounterMetricFamily("fenceline_canary_rounds", "Canary rounds.", labels=("park", "result"))
        rounds.add_metric((park, "arrived"), seen.rounds - seen.failed_rounds)
        rounds.add_metric((park, "failed"), seen.failed_rounds)
        yield rounds
        done = seen.canary
        if done is not None:
            age = (seen.now_ns - done.at_ns) / 1e9
            yield self._gauge("fenceline_canary_age_seconds", "Since the last canary was sent.", age)
        if done is not None and done.latency_seconds is not None:
            text = "From MQTT to the page, last canary."
            yield self._gauge("fenceline_canary_latency_seconds", text, done.latency_seconds)

    def _gauge(self, name: str, text: str, value: float) -> Metric:
        gauge = GaugeMetricFamily(name, text, labels=("park",))
        gauge.add_metric((self._services.park.id,), value)
        return gauge


def registry_of(services: WebServices) -> tuple[CollectorRegistry, ConsoleCollector]:
    """A registry of its own: nothing is shared between apps of one process."""
    registry = CollectorRegistry(auto_describe=False)
    collector = ConsoleCollector(services)
    registry.register(collector)
    return registry, collector
