"""How many acts a minute: buckets that hold a minute's worth and fill again as time goes by. In memory only."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from time import monotonic

# A stranger cannot make us keep more.
MOST = 20_000


class Buckets:
    """Full at first; the bucket that nobody touched for longest is forgotten, which fills it."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, bucket: str, a_minute: int, acts: int = 1) -> float:
        """Take acts out of a bucket that holds a minute's worth: 0, or the seconds until there are as many."""
        now = monotonic()
        left, since = self._left.pop(bucket, (float(a_minute), now))
        left = min(float(a_minute), left + (now - since) * a_minute / 60)
        wait = 0.0 if left >= acts else (acts - left) * 60 / a_minute
        self._left[bucket] = (left if wait else left - acts, now)
        while len(self._left) > MOST:
            self._left.popitem(last=False)
        return wait

    def clear(self) -> None:
        self._left.clear()


def of_a_line(address: str) -> str:
    """The bucket of the addresses that one household or one line has: a /64 of IPv6 (RFC 6177), one address of IPv4."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "a"
    return f"a{found}" if found.version == 4 else f"a{ipaddress.ip_network((found, 64), strict=False)}"
