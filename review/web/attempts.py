"""Slows down whoever tries invitation tokens: failures are counted by address and in all, in a window that slides.

Memory is bounded whatever comes: so many addresses are remembered, the one heard of longest ago is forgotten first.
While too many fail in all, one failure is enough to shut an address out; a token that is right is still let in from
another one, so that nobody locks the team out by failing.
"""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

WINDOW = 300.0  # seconds
OF_ONE = 10  # failures of one address in the window
OF_ALL = 200
_ADDRESSES = 4096


class Attempts:
    """The failures of the last minutes."""

    def __init__(
        self,
        *,
        window: float = WINDOW,
        of_one: int = OF_ONE,
        of_all: int = OF_ALL,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._window = window
        self._of_one = of_one
        self._clock = clock or time.monotonic
        self._all: deque[float] = deque(maxlen=of_all)
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, address: str) -> int:
        """Seconds that this address has to wait before its next try; 0 when it may try now."""
        with self._lock:
            now = self._clock()
            failures = self._failures.get(network_of(address))
            if not failures:
                return 0
            # under attack from everywhere, one failure is enough
            allowed = 1 if self._busy(now) else self._of_one
            recent = [at for at in failures if at > now - self._window]
            return math.ceil(recent[-allowed] + self._window - now) if len(recent) >= allowed else 0

    def failed(self, address: str) -> None:
        """Note a failure."""
        with self._lock:
            now = self._clock()
            self._all.append(now)
            name = network_of(address)
            self._failures.setdefault(name, deque(maxlen=self._of_one)).append(now)
            self._failures.move_to_end(name)
            while len(self._failures) > _ADDRESSES:
                self._failures.popitem(last=False)

    def _busy(self, now: float) -> bool:
        return len(self._all) == self._all.maxlen and self._all[0] > now - self._window


def network_of(address: str) -> str:
    """What counts as one: an IPv4 address, the /64 that one IPv6 customer has to himself."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
