"""schemathesis sends what the description allows and what it does not: never a server error, no answer that lies.

Skips where schemathesis is not installed (dependency group `fuzz`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from review.terms import Role
from review.web.api import ROUTES
from review.web.api.route import ApiRoute
from review.web.roles import who_may
from tests.web.conftest import Team, make_team

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed: group fuzz")

_EXAMPLES = 25
_NAMES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
schemathesis.checks.load_all_checks()


@schemathesis.serializer("application/pdf")
def _as_it_is(ctx: Any, value: Any) -> bytes:
    """A file is its bytes; whatever else was made up is written out."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


_CHECKS = [schemathesis.checks.CHECKS.get_one(name) for name in _NAMES]


@dataclass(frozen=True)
class Described:
    """A team whose records two have screened in part, and the description of the API as each of them gets it."""

    team: Team
    schemas: dict[str, Any]

    def headers(self, who: str) -> dict[str, str]:
        """What somebody's page sends along."""
        browser = self.team.of(who)
        [(name, value)] = browser.cookies.items()
        return {"cookie": f"{name}={value}", "x-review-token": browser.csrf, "host": "127.0.0.1:8350"}

    def schema(self, who: str) -> Any:
        """The description, asked for once."""
        if who not in self.schemas:
            loaded = schemathesis.openapi.from_asgi("/api/openapi.json", self.team.app, headers=self.headers(who))
            self.schemas[who] = loaded
        return self.schemas[who]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory, blank_database: Path) -> Iterator[Described]:
    team = make_team(tmp_path_factory.mktemp("fuzz"), blank_database)
    for who, verdict in (("ben", "include"), ("eve", "include")):
        for record in team.records[:3]:
            assert team.of(who).decide(record, verdict).status_code == 200
    assert team.of("eve").decide(team.records[4], "exclude", reason="design").status_code == 200
    yield Described(team, {})
    team.store.close()


def caller_of(route: ApiRoute) -> str:
    """Somebody who may: a reviewer where that is possible."""
    people = {Role.REVIEWER: "ben", Role.OWNER: "ana", Role.ANALYST: "dan"}
    return next(who for role, who in people.items() if role in who_may(route.may))


@pytest.mark.thorough
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_no_request_makes_the_server_fail(described: Described, route: ApiRoute) -> None:
    team, who = described.team, caller_of(route)
    headers, schema = described.headers(who), described.schema(who)
    operation = schema[route.path][route.method]
    modes = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
    known = st.sampled_from(team.records)

    for mode in modes:

        @settings(
            max_examples=_EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), record=known, real=st.booleans())
        def send(case: Any, record: str, real: bool) -> None:
            # half of the time the record is one of the review
            if real and isinstance(case.body, dict) and "record" in case.body:
                case.body = {**case.body, "record": record}
            if real and case.path_parameters and "record" in case.path_parameters:
                case.path_parameters = {**case.path_parameters, "record": record}
            answer = case.call(headers=headers)
            assert answer.status_code < 500, (case.as_curl_command(), answer.text)
            case.validate_response(answer, checks=_CHECKS)

        send()
