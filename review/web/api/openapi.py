"""The description of the API: OpenAPI 3.1 with a schema for everything that comes and goes, made of the routes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from review import __version__
from review.web.answers import Problem
from review.web.api.route import ApiRoute, Document, JsonLines, Upload
from review.web.roles import who_may

_REF = "#/components/schemas/{name}"
_SPECIAL = (Upload, Document, JsonLines)
_BINARY = {"type": "string", "format": "binary"}
_REFUSALS = {
    400: "The words of the request are off.",
    401: "Nobody is signed in.",
    403: "The role does not allow it, the deed did not come from a page of this site, or it would break the blinding.",
    404: "The id names nothing.",
    409: "The deed contradicts what stands.",
    408: "The body did not come.",
    413: "The body is too large.",
    415: "The body is of another content type.",
    422: "The request is not of the described form.",
    429: "The person's last question is still being answered, or too many of their files are on their way.",
    503: "The review is busy, or cannot be read; `Retry-After` says when to ask again.",
    507: "The disk is full; nothing was written.",
}
_ALWAYS = (400, 401, 403, 404, 422, 503)
_PREFACE = (
    "What the pages of the site ask. The same deeds as the command line, with the same rules: a deed of a person who "
    "screens blind shows nothing of the others' decisions. Sign in with an invitation link; the session travels in a "
    "cookie. Whatever is not a GET carries the header `X-Review-Token` with the `csrf` of `GET /api/me`. Ids of events "
    "are random UUIDs (version 4 or 7, in lower case) that the client makes: the same id twice is one event. Every "
    "answer of a project of simulated decisions carries the header `X-Review-Data: SIMULATED`."
)


def document(routes: Sequence[ApiRoute], *, cookie: str, prefix: str = "") -> dict[str, Any]:
    """The description of *routes*; *cookie* is the name of the session's cookie, *prefix* where the site is shown."""
    paths: dict[str, dict[str, Any]] = {}
    bodies, schemas = _schemas(routes)
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, bodies)
    return {
        "openapi": "3.1.0",
        "info": {"title": "regen-review", "version": __version__, "description": _PREFACE},
        "servers": [{"url": prefix or "/"}],
        "security": [{"session": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {str(status): _refusal(status, words) for status, words in _REFUSALS.items()},
            "securitySchemes": {
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": cookie,
                    "description": "Set by signing in; the name ends in eight characters that differ from review to "
                    "review.",
                },
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Review-Token",
                    "description": "The `csrf` of `GET /api/me`; it belongs to the session.",
                },
            },
        },
    }


def markdown(routes: Sequence[ApiRoute]) -> str:
    """The description as a page: every route, who may, what it takes, what it answers."""
    found = document(routes, cookie="review_session_…")
    parts = ["# JSON API", _PREFACE, "The same as OpenAPI 3.1: `GET /api/openapi.json`, for those who are signed in."]
    for route in routes:
        parts.append(f"## {route.method} {route.path}\n\n{_sentences(route)} For: {_people(route)}.")
        if rows := _parameter_rows(found["paths"][route.path][route.method.lower()]):
            parts.append("| parameter | where | what |\n|---|---|---|\n" + "\n".join(rows))
        if route.body is Upload:
            parts.append("Body: a PDF, `application/pdf`.")
        elif route.body is not None:
            parts.append(_fields("Body", found, _schema_name(route.body)))
        parts.append(_answered(found, route))
    parts.append('## Refusals\n\nEvery refusal is `{"error": "...", "hint": "..."}`.')
    parts.append(
        "| status | when |\n|---|---|\n" + "\n".join(f"| {one} | {words} |" for one, words in _REFUSALS.items())
    )
    parts.append("## Schemas")
    parts += [f"### {name}\n\n{_described(schema)}" for name, schema in sorted(found["components"]["schemas"].items())]
    return "\n\n".join(parts) + "\n"


def _schemas(routes: Sequence[ApiRoute]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """Type → its schema or reference, and the schemas that the references name."""
    types = [kind for route in routes for kind in (route.body, route.answer) if _is_json(kind)]
    kinds = list(dict.fromkeys([*types, Problem]))
    refs, components = msgspec.json.schema_components(kinds, ref_template=_REF)
    return dict(zip(kinds, refs, strict=True)), dict(components)


def _is_json(kind: Any) -> bool:
    return kind is not None and kind not in _SPECIAL


def _operation(route: ApiRoute, schemas: dict[Any, Any]) -> dict[str, Any]:
    statuses = [*_ALWAYS]
    if route.method != "GET":
        statuses += [408, 413, 415]
    if route.writes:
        statuses += [409, 507]
    if route.asks or route.body is Upload:
        statuses += [429]
    found: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": f"{_sentences(route)} For: {_people(route)}.",
        "parameters": [*_places(route), *_query(route)],
        "responses": {
            "200": {"description": "Done." if route.writes else "The answer.", "content": _content(route, schemas)},
            **{str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(statuses)},
        },
        "security": [{"session": []} if route.method == "GET" else {"session": [], "token": []}],
    }
    if route.body is Upload:
        found["requestBody"] = {"required": True, "content": {"application/pdf": {"schema": _BINARY}}}
    elif route.body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schemas[route.body]}}}
    return found


def _content(route: ApiRoute, schemas: dict[Any, Any]) -> dict[str, Any]:
    if route.answer is Document:
        return {"application/pdf": {"schema": _BINARY}}
    if route.answer is JsonLines:
        return {"application/x-ndjson": {"schema": {"type": "string"}}}
    return {"application/json": {"schema": schemas[route.answer]}}


def _places(route: ApiRoute) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": msgspec.json.schema(kind)}
        for name, kind in route.places.items()
    ]


def _query(route: ApiRoute) -> list[dict[str, Any]]:
    described = msgspec.json.schema(route.query)
    struct = described["$defs"][route.query.__name__]
    required = struct.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _without_null(schema)}
        for name, schema in struct["properties"].items()
    ]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is given or is not; there is no way to write null."""
    if "anyOf" in schema:
        return next(one for one in schema["anyOf"] if one != {"type": "null"})
    if None in schema.get("enum", ()):
        return {"enum": [one for one in schema["enum"] if one is not None]}
    return schema


def _refusal(status: int, words: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": _REF.format(name=Problem.__name__)}}}
    found: dict[str, Any] = {"description": words, "content": content}
    if status in (429, 503):
        found["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return found


def _sentences(route: ApiRoute) -> str:
    return " ".join((route.do.__doc__ or "").split())


def _people(route: ApiRoute) -> str:
    return ", ".join(role.value for role in who_may(route.may))


def _schema_name(kind: Any) -> str:
    return str(kind.__name__)


def _parameter_rows(operation: dict[str, Any]) -> list[str]:
    return [
        f"| `{one['name']}`{'' if one['required'] else ' (optional)'} | {one['in']} | {_type(one['schema'])} |"
        for one in operation["parameters"]
    ]


def _answered(found: dict[str, Any], route: ApiRoute) -> str:
    if route.answer is Document:
        return "Answer: the PDF."
    if route.answer is JsonLines:
        return "Answer: one JSON object a line, `application/x-ndjson`."
    return f"Answer: [{_schema_name(route.answer)}](#{_schema_name(route.answer).lower()})"


def _fields(what: str, found: dict[str, Any], name: str) -> str:
    return f"{what}: [{name}](#{name.lower()})"


def _described(schema: dict[str, Any]) -> str:
    required = schema.get("required", [])
    rows = [
        f"| `{name}`{'' if name in required else ' (optional)'} | {_type(one)} |"
        for name, one in schema.get("properties", {}).items()
    ]
    words = " ".join(schema.get("description", "").split())
    table = "| field | what |\n|---|---|\n" + "\n".join(rows) if rows else f"One of {_type(schema)}."
    return f"{words}\n\n{table}".strip()


def _type(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(one)}`" for one in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "prefixItems" in schema:
        return f"[{', '.join(_type(one) for one in schema['prefixItems'])}]"
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_type(schema.get('items') or {})}"
    limits = [
        f"{words} {schema[key]}"
        for key, words in (("minimum", "at least"), ("maximum", "at most"), ("maxLength", "at most"))
        if key in schema
    ]
    more = f", {', '.join(limits)}{' characters' if 'maxLength' in schema else ''}" if limits else ""
    note = f": {schema['description']}" if "description" in schema else ""
    return f"{schema.get('format', kind)}{more}{note}"
