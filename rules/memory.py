"""The memory of the rules: one arena of 8-byte words, seen as integers and as floats at once.

In front stands the desk (bounds, counts, what a call found), then per sensor a head, its rules with their
signals, their rungs, its history of readings and the keys by which it knows duplicates. Offsets count words.
Times are ns; `NOT_YET` stands for "from the next tick on", `NEVER` for "not at all".
"""

import math

FORMAT = 2  # of a dump; a change of any number in this file, or of a kind's words, is another format

NEVER = -1
NOT_YET = -2
FAR = 1 << 62  # later than any time, and still to be added to one
MOST_MISSING = 1_000_000  # a greater step in a sequence is a device that counts anew
SECOND = 1_000_000_000
EXTREME_EVERY = 10 * SECOND  # a rung tells a new extreme at most so often
NO_VALUE = -math.inf  # `HIGH` before any; as a signal: its window does not hold all readings

UNKNOWN, FALSE, TRUE, UNTOLD = -1, 0, 1, 2

# How the fold classified a reading. The first four count as `out`.
CURRENT, DELAYED, CONFLICT, UNUSABLE, LATE, DUPLICATE, AHEAD, NOT_IN_FORCE = range(8)
CLASSES = 8

# The desk.
DESK_COUNTS = 0  # readings by class
DESK_AHEAD, DESK_DELAY, DESK_WINDOW = 8, 9, 10  # bounds; the window of duplicates in whole seconds
DESK_FOUND, DESK_ROOM = 11, 12  # changes written, and how many fit
DESK_WATCHING = 13  # counted sensors that can tell, as of the last tick
DESK_LAST_TICK = 14
DESK_SENSORS, DESK_HEADS, DESK_OUT = 15, 16, 17  # how many; offset of the heads, of the changes
DESK_SIZE = 18  # words of the whole arena
DESK_MISSING = 19  # readings that sequence numbers say were lost before they reached us
DESK_WORDS = 24

# A change, as a call writes it.
OUT_READING, OUT_DUE, OUT_SINCE, OUT_VALUE, OUT_AUX, OUT_EXTREME, OUT_EXTREME_AT = range(7)
OUT_RUNG, OUT_CONDITION, OUT_REASON, OUT_CONFLICT, OUT_KIND = range(7, 12)
OUT_WORDS = 12
OUT_FINDING, OUT_NEW_EXTREME = 0, 1

# A sensor's head. The first line is what a tick reads, the second what a reading needs beside it.
NEWEST = 0  # event time of the newest reading, NEVER before the first
SEEN = 1  # log time of the newest current reading; NEVER again when its hold time has run out
USABLE = 2  # log time of the newest current reading with a usable quality
WAKE = 3  # a tick at or after it looks at the sensor
HOLD = 4  # how long a reading speaks
QUIET = 5  # the shortest time of silence that is not reported yet, FAR without
REASON = 6  # why it cannot tell; REASON_NONE when it can
FLAGS = 7
HIGH, LOW = 8, 9  # largest value at the newest time, and smallest that is no lower bound
SEQUENCE = 10  # the device's newest sequence number, NEVER before the first
KEY_NEXT, KEY_END = 11, 12
HISTORY_NEXT, HISTORY_END = 13, 14
RULES_AT = 15
MISSING = 16  # of them this sensor's
KEY_AT, HISTORY_AT = 17, 18
SAID_BAD = 19  # the worst of the bad qualities at the newest time, as a reason, or REASON_NONE
BOUND = 20  # 1 where a value of the newest time is over range
DISAGREES = 21  # 1 where the newest reading gave its time another value
HEAD_WORDS = 24
FLAG_COUNTED, FLAG_SILENT = 1, 2  # the park's own; a silence rule is active

# A rule on a sensor; its kind's own words follow.
META = 0  # op, number of rungs, length
GUARD_LOW, GUARD_HIGH = 1, 2  # between them, ends excluded, a signal changes nothing
RUNGS_AT = 3
TAIL = 4  # the oldest reading in its window, as a place in the history
AUX = 5  # a second number that explains the signal
OWN = 6  # where the kind's own words begin
OP_END, OP_SILENCE, FIRST_OP = 0, 1, 2
RUNGS_SHIFT, LENGTH_SHIFT, OP_MASK = 8, 16, 0xFF

# A rung: one level of a rule on a sensor.
LOWER, UPPER, DEADBAND, ON_DELAY, OFF_DELAY, DIRECTION = range(6)
TRAITS = 6
RUNG_NUMBER = 7
STATE, ONSET, SINCE, SINCE_TICK, EXTREME, EXTREME_AT = range(8, 14)
TOLD = 14  # the condition last told
TOLD_EXTREME, TOLD_AT = 15, 16
UNDO_TIME = 17  # of a state kept aside, since a second reading of this time may decide anew
UNDO = 18  # STATE … EXTREME_AT as before
NEWEST_SIGNAL = 24
RUNG_WORDS = 25

KNOWN, ACTIVE, ON_PENDING, OFF_PENDING = 1, 2, 4, 8
PENDING = ON_PENDING | OFF_PENDING
ABOVE, BELOW, OUTSIDE = 0, 1, 2
# What a kind's rungs need known of it.
TRAIT_DIRECT = 1  # the signal is the reading itself: the worst value of a time decides
TRAIT_RANGE = 2  # an over-range reading proves it, whatever its value
TRAIT_MEAN = 4  # bad readings are missing data, no end of knowledge
TRAIT_EXTREME = 8  # a new extreme is news between two findings

# Reasons; words in rules/words.py.
REASON_NONE, REASON_NEVER_SEEN, REASON_SILENT, REASON_DELAYED, REASON_LATE, REASON_AHEAD = -1, 0, 1, 2, 3, 4
REASON_QUARANTINED, REASON_TOO_LITTLE, REASON_TOO_MUCH = 5, 6, 7
REASON_QUALITY = 100  # plus the quality's number
FIRST_BAD = BAD = 16
OVER_RANGE = 19
REASON_OVER_RANGE = REASON_QUALITY + OVER_RANGE

# How a reading is taken by the rules of its sensor.
NORMAL = 0
PROVES = 1  # it proves what is beyond a limit, and nothing else
FEED = 2  # it decides nothing, and stands in the windows
SKIP = -1

# What a step is told of the reading: another one of the same time, or a new time; then whether the reading
# before is to be taken up, and whether the history has come round, so that sums are made anew.
SAME_TIME, NEW_TIME, TAKEN_UP, COME_ROUND = 0, 1, 2, 4
