"""A simulated park: a park's configuration, a scenario, a seed and a start in; MQTT messages out.

Pure: the messages of any stretch of time are the same, however it is cut and in whatever order it is asked
for (going back costs a new run from the start). Time is simulated; nothing here reads a clock.
"""

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

from fenceline.park import Park
from fenceline.substance import Substances
from simulators.air import AirState, first_air, next_air, random_for
from simulators.devices import BLOCK_NS, Message, Row, emit
from simulators.faults import spoil
from simulators.layout import prepare
from simulators.plume import Floats
from simulators.scenario import Scenario

BLOCKS_REMEMBERED = 4


@dataclass(frozen=True, slots=True)
class _State:
    """Between two blocks: the air, stuck values, what silent devices keep, messages still on their way."""

    block: int
    air: AirState
    held: Floats
    kept: tuple[tuple[Row, ...], ...]
    pending: tuple[Message, ...]


class SimulatedPark:
    """
    A park whose sensors can be asked what they send.

    Args:
        park, substances: the configuration that names and places the sensors.
        scenario: weather, leaks and faults.
        seed: of everything that is drawn.
        start_ns: second 0 of the scenario, ns since 1970 UTC; nothing is sent before it.

    Raises:
        ConfigError: the scenario names something that the park does not have.
    """

    def __init__(
        self, park: Park, substances: Substances, scenario: Scenario, *, seed: int, start_ns: int
    ) -> None:
        self.park_id = park.id
        self.scenario = scenario
        self.start_ns = start_ns
        self._seed = seed
        self._simulated = prepare(park, substances, scenario)
        self._state = self._first()
        self._blocks: dict[int, list[Message]] = {}

    def messages(self, from_ns: int, to_ns: int) -> list[Message]:
        """What is published from `from_ns` up to, not including, `to_ns`, in order of time."""
        first = max(0, (from_ns - self.start_ns) // BLOCK_NS)
        found: list[Message] = []
        for number in range(first, -((self.start_ns - to_ns) // BLOCK_NS)):
            block = self._block(number)
            low = bisect_left(block, from_ns, key=_time)
            found += block[low : bisect_left(block, to_ns, key=_time)]
        return found

    def _block(self, number: int) -> list[Message]:
        if number not in self._blocks and number < self._state.block:
            self._state = self._first()
            self._blocks.clear()
        while number not in self._blocks:
            self._state, messages = self._next(self._state)
            self._blocks[self._state.block - 1] = messages
            self._blocks.pop(self._state.block - 1 - BLOCKS_REMEMBERED, None)
        return self._blocks[number]

    def _first(self) -> _State:
        layout = self._simulated.layout
        return _State(
            block=0,
            air=first_air(layout, self._seed),
            held=np.full(len(layout.sensors), np.nan),
            kept=((),) * len(self._simulated.groups),
            pending=(),
        )

    def _next(self, state: _State) -> tuple[_State, list[Message]]:
        layout = self._simulated.layout
        block_ns = self.start_ns + state.block * BLOCK_NS
        air, block = next_air(layout, state.air, state.block, self._seed)
        start_s = (block_ns - self.start_ns) / 1e9
        sensed, held = spoil(block, self._simulated.sensor_faults, state.held, start_s)
        random = random_for(self._seed, state.block, stream=1)
        messages = list(state.pending)
        kept = []
        for group, before in zip(self._simulated.groups, state.kept, strict=True):
            sent, keeps = emit(group, sensed, before, block_ns, self.start_ns, random)
            messages += sent
            kept.append(keeps)
        # A stable sort: messages of the same nanosecond stay in the order of the groups.
        messages.sort(key=_time)
        cut = bisect_left(messages, block_ns + BLOCK_NS, key=_time)
        later = tuple(messages[cut:])
        return _State(state.block + 1, air, held, tuple(kept), later), messages[:cut]


def _time(message: Message) -> int:
    return message.time_ns
