"""How long `review --help` takes beside `python -c "import click"`: the goal is at most twice as long."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

GOAL = 2.0
ROUNDS = 25
SIDES = {
    'python -c "import click"': [sys.executable, "-c", "import click"],
    "review --help": [sys.executable, "-c", "from review.__main__ import main; main()", "--help"],
}


def once(command: list[str]) -> float:
    """Seconds that one run took."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def measure(rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Side → seconds of each round. The sides take turns, so that a busy moment hits both."""
    for command in SIDES.values():
        once(command)  # the first run writes the byte code
    times: dict[str, list[float]] = {name: [] for name in SIDES}
    for _ in range(rounds):
        for name, command in SIDES.items():
            times[name].append(once(command))
    return times


def ratio(times: dict[str, list[float]]) -> float:
    """The median of `review --help` over the median of the bare import."""
    bare, ours = (statistics.median(seconds) for seconds in times.values())
    return ours / bare


def main() -> int:
    """Print both sides and the ratio; 1 when the goal is missed."""
    times = measure()
    for name, seconds in times.items():
        print(f"{name:28} median {statistics.median(seconds) * 1000:6.1f} ms   fastest {min(seconds) * 1000:6.1f} ms")
    found = ratio(times)
    print(f"ratio {found:.2f}, goal at most {GOAL:.1f}: {'met' if found <= GOAL else 'MISSED'}")
    return 0 if found <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
