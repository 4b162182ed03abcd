"""kill -9 during decisions: what the clients were told against what the database holds.

    .venv-bench/bin/python benchmarks/serve_killed.py [--kills 100] [--records 2000] [--reviewers 4]

SYNTHETIC records. Reviewers decide without pause through `review serve`, which is killed and started again at random
moments; each decision is sent under its one id until it is acknowledged. Ends with 1 when an acknowledged decision is
lost, or any is stored twice.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from synthetic_team import make_review

_FIRE = Path(__file__).resolve().parents[1] / "tests" / "faults" / "killed_server.py"


def main() -> int:
    """Print the counts."""
    words = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    words.add_argument("--kills", type=int, default=100)
    words.add_argument("--records", type=int, default=20_000)
    words.add_argument("--reviewers", type=int, default=4)
    words.add_argument("--seed", type=int, default=1)
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = make_review(Path(folder) / "review", records=asked.records, reviewers=asked.reviewers)
        team = [f"r{number}" for number in range(1, asked.reviewers + 1)]
        found = _fire().screen_under_fire(root, reviewers=team, kills=asked.kills, seed=asked.seed)
    print(
        f"{found.kills} x kill -9: {found.acknowledged} acknowledged, {found.lost} lost, {found.twice} twice, "
        f"{found.strangers} strangers, {len(found.refused)} refused, {found.failed_tries} tries failed | SYNTHETIC"
    )
    for one in found.refused[:5]:
        print(f"refused: {one}")
    return 1 if found.lost or found.twice or found.strangers or found.refused else 0


def _fire() -> Any:
    """Not as tests.faults: a peer installs a package "tests"."""
    spec = importlib.util.spec_from_file_location("killed_server", _FIRE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["killed_server"] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main())
