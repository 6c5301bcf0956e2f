"""How often something may be tried: a key in, zero or the seconds to wait out. Time is an argument."""

from collections import OrderedDict
from dataclasses import dataclass

from fenceline.clock import Clock

KEYS_KEPT = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Limiter:
    """A bucket of tokens for each key.

    Args:
        burst: how many at once.
        every_seconds: how long until one more is allowed.
        keys_kept: of more keys than this, those untouched for longest are forgotten.
    """

    def __init__(self, clock: Clock, *, burst: int, every_seconds: float, keys_kept: int = KEYS_KEPT) -> None:
        self._clock = clock
        self._burst = burst
        self._every_seconds = every_seconds
        self._keys_kept = keys_kept
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str) -> float:
        """Zero where it was allowed; else nothing was taken, and the seconds until it would be."""
        bucket = self._bucket(key)
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0.0
        return (1 - bucket.tokens) * self._every_seconds

    def give_back(self, key: str) -> None:
        """It does not count after all."""
        bucket = self._bucket(key)
        bucket.tokens = min(self._burst, bucket.tokens + 1)

    def _bucket(self, key: str) -> _Bucket:
        now = self._clock.monotonic()
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(self._burst, now)
            while len(self._buckets) > self._keys_kept:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) / self._every_seconds)
        bucket.at = now
        return bucket
