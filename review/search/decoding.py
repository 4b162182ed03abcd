"""Bytes of a reference file into lines of text, and what was found out on the way."""

from __future__ import annotations

from dataclasses import dataclass

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True)
class Decoded:
    """The text with LF newlines only; `newlines` counts the kinds that the file had."""

    text: str
    encoding: str
    bom: bool
    newlines: str

    @property
    def lines(self) -> list[str]:
        """The lines; split at LF only, because an abstract may hold U+2028 or a form feed."""
        return self.text.split("\n")


def decode(data: bytes) -> Decoded:
    """*data* by its byte order mark, else UTF-8, else Windows-1252; never fails."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _decoded(data.decode(encoding, errors="replace"), encoding, bom=True)
    for encoding in ("utf-8", "cp1252"):
        try:
            return _decoded(data.decode(encoding), encoding, bom=False)
        except UnicodeDecodeError:
            continue
    return _decoded(data.decode("latin-1"), "latin-1", bom=False)


def _decoded(text: str, encoding: str, *, bom: bool) -> Decoded:
    both = text.count("\r\n")
    counts = {"CRLF": both, "LF": text.count("\n") - both, "CR": text.count("\r") - both}
    newlines = ", ".join(f"{kind} {count}" for kind, count in counts.items() if count) or "none"
    return Decoded(text.replace("\r\n", "\n").replace("\r", "\n"), encoding, bom, newlines)
