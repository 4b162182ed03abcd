"""The 13 trials of BCG vaccine (Colditz 1994, 10.1001/jama.1994.03510330076038): cases by arm."""

from __future__ import annotations

from review.measures.effect_sizes import Effect, risk_ratio

BCG = [
    (4, 119, 11, 128),
    (6, 300, 29, 274),
    (3, 228, 11, 209),
    (62, 13536, 248, 12619),
    (33, 5036, 47, 5761),
    (180, 1361, 372, 1079),
    (8, 2537, 10, 619),
    (505, 87886, 499, 87892),
    (29, 7470, 45, 7232),
    (17, 1699, 65, 1600),
    (186, 50448, 141, 27197),
    (5, 2493, 3, 2338),
    (27, 16886, 29, 17825),
]


def bcg_log_risk_ratios() -> list[Effect]:
    """The log risk ratio of each trial."""
    return [risk_ratio(events_a=a, n_a=a + b, events_b=c, n_b=c + d) for a, b, c, d in BCG]
