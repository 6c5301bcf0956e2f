"""Does harm at random moments: which fault, when and for how long it lasts, all drawn from the seed."""

import random
import signal
import threading
from collections.abc import Callable

from tests.faults.devices import Fleet
from tests.faults.history import History
from tests.faults.machines import BrokerProcess, StationProcess

READY_SECONDS = 60.0
COUNT_LOOK_SECONDS = 0.02


class Injector:
    """One fault after another until `end`."""

    def __init__(
        self, seed: int, history: History, station: StationProcess, broker: BrokerProcess, fleet: Fleet
    ) -> None:
        self._chance = random.Random(f"{seed}/faults")
        self._history = history
        self._station = station
        self._broker = broker
        self._fleet = fleet
        self._over = threading.Event()
        self.done = 0
        self._faults: dict[Callable[[], None], int] = {
            self._kill_station: 5,
            self._hold_station: 3,
            self._restart_station: 3,
            self._kill_broker: 2,
            self._restart_broker: 2,
            self._hold_broker: 2,
            self._kill_both: 2,
            self._hold_both: 1,
            self._hold_then_kill_station: 1,
            self._kill_station_before_a_held_broker: 1,
            self._kill_while_starting: 2,
        }

    def run(self, until: float) -> None:
        """Until this second of the run; afterwards everything is up again."""
        while self._history.elapsed() < until and not self._over.is_set():
            self._wait_for_the_moment(until)
            if self._history.elapsed() >= until:
                break
            fault = self._chance.choices(list(self._faults), list(self._faults.values()))[0]
            self._history.note("fault", fault=fault.__name__.strip("_"))
            fault()
            self.done += 1
            self._revive()
            # Now and then the next fault comes before it has found its feet.
            if self._chance.random() < 0.5:
                self._station.wait_ready(READY_SECONDS)
        self._broker.resume()
        self._station.resume()
        self._revive()

    def _wait_for_the_moment(self, until: float) -> None:
        """A count of messages, or seconds."""
        if self._chance.random() < 0.5:
            target = self._fleet.sent + self._chance.randint(5, 120)
            while self._fleet.sent < target and self._history.elapsed() < until:
                self._pause(COUNT_LOOK_SECONDS)
        else:
            self._pause(self._chance.uniform(0.2, 7.0))

    def _pause(self, seconds: float) -> None:
        self._over.wait(seconds)

    def _revive(self) -> None:
        self._broker.start()
        if not self._station.runs:
            self._station.start()

    def _down_for_a_while(self) -> None:
        self._pause(self._chance.choice((0.0, self._chance.uniform(0.1, 4.0))))

    def _held_for(self) -> float:
        return self._chance.uniform(1.0, 8.0)

    def _kill_station(self) -> None:
        self._station.kill()
        self._down_for_a_while()

    def _hold_station(self) -> None:
        self._station.pause()
        self._pause(self._held_for())
        self._station.resume()

    def _restart_station(self) -> None:
        self._station.stop(self._chance.choice((signal.SIGTERM, signal.SIGINT)))
        self._down_for_a_while()

    def _kill_broker(self) -> None:
        self._broker.kill()
        self._down_for_a_while()

    def _restart_broker(self) -> None:
        self._broker.stop()
        self._down_for_a_while()

    def _hold_broker(self) -> None:
        self._broker.pause()
        self._pause(self._held_for())
        self._broker.resume()

    def _kill_both(self) -> None:
        first, second = self._station.kill, self._broker.kill
        if self._chance.random() < 0.5:
            first, second = second, first
        first()
        self._pause(self._chance.choice((0.0, self._chance.uniform(0.0, 0.5))))
        second()
        self._down_for_a_while()
        if self._chance.random() < 0.5:
            self._station.start()  # before its broker is back
            self._down_for_a_while()

    def _hold_both(self) -> None:
        self._station.pause()
        self._broker.pause()
        self._pause(self._held_for())
        self._broker.resume()
        self._pause(self._chance.uniform(0.0, 1.0))
        self._station.resume()

    def _hold_then_kill_station(self) -> None:
        self._station.pause()
        self._pause(self._held_for())
        self._station.kill()
        self._down_for_a_while()

    def _kill_station_before_a_held_broker(self) -> None:
        self._broker.pause()
        self._station.kill()
        self._pause(self._chance.uniform(0.0, 1.0))
        self._station.start()
        self._pause(self._held_for())
        self._broker.resume()

    def _kill_while_starting(self) -> None:
        self._station.kill()
        for _ in range(self._chance.randint(1, 3)):
            self._station.start()
            self._pause(self._chance.uniform(0.2, 4.0))
            self._station.kill()
