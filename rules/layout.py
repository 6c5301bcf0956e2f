"""The memory of the rules: one record per sensor, one per rung of a rule on a sensor, a ring of keys.

A sensor's rungs stand together, so that a reading touches one block. Times are ns; `NOT_YET`
stands for "from the next tick on", `NEVER` for "not at all".
"""

import numpy as np

NEVER = -1
MOST_MISSING = 1_000_000  # a greater step in a sequence is a device that counts anew
NOT_YET = -2

ABOVE, BELOW, OUTSIDE, SILENCE = 0, 1, 2, 3
UNKNOWN, FALSE, TRUE = -1, 0, 1

# What a rung waits for. `BROKEN_OFF` is an on-delay that the newest reading ended: a worse value at the
# same time takes it up again, since of two the worse one counts.
NOTHING, ON_DELAY, OFF_DELAY, BROKEN_OFF = 0, 1, 2, 3

# How the fold classified a reading. The first four count as `out`.
CURRENT, DELAYED, CONFLICT, UNUSABLE, LATE, DUPLICATE, AHEAD, NOT_IN_FORCE = range(8)
CLASSES = 8

SENSOR = np.dtype(
    [
        ("newest", np.int64),  # event time of the newest reading, NEVER before the first
        ("high", np.float64),  # largest and smallest usable value at that time; -inf, inf: none yet
        ("low", np.float64),
        ("seen", np.int64),  # log time of the newest current reading
        ("usable", np.int64),  # log time of the newest current reading with a usable quality
        ("sequence", np.int64),  # the device's newest sequence number, NEVER before the first
        ("missing", np.int64),  # readings that its sequence numbers say were lost before they reached us
        ("hold", np.int64),  # how long a reading speaks
        ("ring", np.int64),  # start, length and next slot of its keys in the ring
        ("ring_length", np.int32),
        ("ring_next", np.int32),
        ("first", np.int32),  # its rungs
        ("rungs", np.int32),
        ("reason", np.int16),  # why it cannot tell; -1 when it can
        ("_pad", np.int16),
        ("_pad2", np.int32),
    ],
    align=True,
)

RUNG = np.dtype(
    [
        ("lower", np.float64),  # the limit; `outside` has both ends
        ("upper", np.float64),
        ("deadband", np.float64),
        ("on_delay", np.int64),
        ("off_delay", np.int64),
        ("onset", np.int64),  # event time from which the condition has held
        ("pending_since", np.int64),  # event time from which the pending change would count
        ("pending_tick", np.int64),  # first tick after the pending began; NOT_YET until it came
        ("op", np.int16),
        ("active", np.int8),
        ("known", np.int8),
        ("pending", np.int8),  # NOTHING, ON_DELAY, OFF_DELAY, BROKEN_OFF
        ("_pad", np.int8),
        ("rule", np.int16),  # which rule and which level of it
        ("level", np.int16),
        ("_pad2", np.int16),
        ("sensor", np.int32),
    ],
    align=True,
)

# A change of a condition: index of the reading (or -1), rung, condition, when, since, reason, and the
# value that a rung was decided by.
CHANGE = np.dtype(
    [
        ("reading", np.int64),
        ("due", np.int64),
        ("since", np.int64),
        ("value", np.float64),
        ("rung", np.int32),
        ("condition", np.int8),
        ("reason", np.int16),
    ],
    align=True,
)

RING_KEY = np.dtype([("key", np.uint64), ("second", np.int64)], align=True)
