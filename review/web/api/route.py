"""What a route of the API is: address, summary, who may, and a function whose annotations say what comes and goes.

Routing, validation and the OpenAPI description are all made of this, so that none can drift from another: a parameter
named *query* is the query, one named *body* the body, the others are parts of the path, what it returns is the answer.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta

from review.web.roles import May

# a random one only: ids of what was imported follow from what it says, and whoever could try them could guess that
Id = Annotated[
    str,
    Meta(
        pattern="^[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        min_length=36,
        max_length=36,
        description="A random UUID, version 4 or 7 in lower case, that the client makes; the same id twice is one "
        "event.",
    ),
]
Line = Annotated[str, Meta(pattern=r"^[^\u0000-\u001f\u007f]*$", max_length=300)]
Words = Annotated[str, Meta(pattern=r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f]*$", max_length=10_000)]
Key = Annotated[
    str,
    Meta(
        pattern=r"^[^\u0000-\u001f\u007f]+$",
        min_length=1,
        max_length=200,
        description="A record: its id or the first characters of it, the source's own number, a PMID or a DOI.",
    ),
]


class Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a request brings: a field that is not known is an error, not a silence."""


class Nothing(Given, frozen=True):
    """A query without parameters."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer holds."""


class Rows(Answer, frozen=True):
    """A table: one object a row."""

    rows: list[dict[str, Any]]


@dataclass(frozen=True)
class Upload:
    """A body that is a file: a PDF."""

    content: bytes


@dataclass(frozen=True)
class Document:
    """An answer that is a file, shown by the browser under *name*."""

    path: Path
    name: str


@dataclass(frozen=True)
class JsonLines:
    """An answer of one JSON object a line."""

    text: str


@dataclass(frozen=True)
class ApiRoute:
    """One route. A GET reads one moment of the store; any other writes, one deed of a person after another.

    One that *asks* is a POST that writes nothing and may take long: one at a time of a person, few in all.
    """

    method: str
    path: str
    do: Callable[..., Any]
    summary: str
    may: May = May.READ
    asks: bool = False

    @property
    def writes(self) -> bool:
        """Whether it changes anything."""
        return self.method != "GET" and not self.asks

    @cached_property
    def hints(self) -> dict[str, Any]:
        """Parameter → type, with *return*."""
        return get_type_hints(self.do, include_extras=True)

    @property
    def query(self) -> type[Given]:
        """What may stand behind the question mark."""
        found: type[Given] = self.hints.get("query", Nothing)
        return found

    @property
    def body(self) -> Any:
        """What the body has to be; None where there is none."""
        return self.hints.get("body")

    @property
    def answer(self) -> Any:
        """What comes back."""
        return self.hints["return"]

    @cached_property
    def places(self) -> dict[str, Any]:
        """Part of the path → its type."""
        own = [name for name in inspect.signature(self.do).parameters if name not in ("desk", "query", "body")]
        return {name: self.hints[name] for name in own}

    @property
    def name(self) -> str:
        """The name of its function, in the description."""
        return self.do.__name__

    def __post_init__(self) -> None:
        """A route that is not described cannot be made."""
        for name in self.places:
            if f"{{{name}}}" not in self.path:
                message = f"{self.method} {self.path} has no {{{name}}}"
                raise TypeError(message)
        if "return" not in self.hints or not self.summary or not self.do.__doc__:
            message = f"{self.method} {self.path} does not say what it does and answers"
            raise TypeError(message)
