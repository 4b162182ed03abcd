"""Style sheets and scripts: read once at the start, served by their exact names, kept long by browsers.

They are public, because the page that signs people in needs them; nothing of a review is in them. A name that is not
on the list is not a file, whatever it says: no path is ever made of what was asked for.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
BELOW = "/static/"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
_KEEP = "public, max-age=31536000, immutable"


class StaticFiles:
    """The files of one folder, by their path below `/static/`."""

    def __init__(self, folder: Path = FOLDER) -> None:
        found = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in _TYPES)
        self._files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
        self._hashes = {name: hashlib.sha256(content).hexdigest()[:16] for name, content in self._files.items()}

    def address(self, name: str) -> str:
        """`/static/screen.js?v=…`, to be put after the prefix; another content has another address."""
        return f"{BELOW}{name}?v={self._hashes[name]}"

    def has(self, path: str) -> bool:
        """Whether *path*, below the prefix, is one of the files."""
        return path.startswith(BELOW) and path[len(BELOW) :] in self._files

    def answer(self, request: Request, path: str) -> Response:
        """The file at *path*; a module that another imports without its hash is asked about again each time."""
        name = path[len(BELOW) :]
        mark = f'"{self._hashes[name]}"'
        named = request.query_params.get("v") == self._hashes[name]
        headers = {"cache-control": _KEEP if named else "no-cache", "etag": mark}
        if request.headers.get("if-none-match") == mark:
            return Response(status_code=304, headers=headers)
        body = b"" if request.method == "HEAD" else self._files[name]
        return Response(body, media_type=_TYPES[Path(name).suffix], headers=headers)
