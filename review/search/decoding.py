"""Bytes of a reference file into lines of text, and what was found out on the way."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DECLARED = re.compile(
    rb"""^\s*(?:<\?xml[^>]*?\sencoding\s*=\s*["']|%\s*Encoding:\s*|Content:[^\n]*?charset\s*=\s*["']?)([A-Za-z][\w.-]*)""",
    re.IGNORECASE | re.MULTILINE,
)
_REPLACEMENT = "\ufffd"
_STRANGE = re.compile("[\udc80-\udcff]")
_AS_1252 = {0xDC00 + byte: bytes([byte]).decode("cp1252", errors="replace") for byte in range(128, 256)}


@dataclass(frozen=True)
class Decoded:
    """The text with LF newlines only; `newlines` counts the kinds that the file had.

    `oddities` are what the encoding did to single lines: (line, what), for the receipt.
    """

    text: str
    encoding: str
    bom: bool
    newlines: str
    oddities: tuple[tuple[int, str], ...] = ()

    @property
    def lines(self) -> list[str]:
        """The lines; split at LF only, because an abstract may hold U+2028 or a form feed."""
        return self.text.split("\n")


def decode(data: bytes) -> Decoded:
    """*data* by its byte order mark, else UTF-8, else as it declares, else Windows-1252; never fails.

    A file in UTF-8 with single bytes of Windows-1252 in it is read as what it is: to take the whole for Windows-1252
    would spoil every other accent in silence.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _with_mark(data, encoding)
    declared = _declared(data)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _not_utf8(data, declared)
    odd = () if declared in (None, "utf-8", "ascii") or text.isascii() else (f"declares {declared}, is utf-8",)
    return _decoded(text, "utf-8", bom=False, said=odd)


def _with_mark(data: bytes, encoding: str) -> Decoded:
    try:
        return _decoded(data.decode(encoding), encoding, bom=True)
    except UnicodeDecodeError:
        if encoding == "utf-8-sig":
            mixed, strange, _ = _mixed(data[3:])
            return _decoded(mixed, encoding, bom=True, lines=strange)
        given = data.decode(encoding, errors="replace")
        lines = [n for n, line in enumerate(_broken(given).split("\n"), start=1) if _REPLACEMENT in line]
        what = f"bytes that are no {encoding.upper()}"
        return _decoded(given, encoding, bom=True, lines=tuple((number, what) for number in lines))


def _not_utf8(data: bytes, declared: str | None) -> Decoded:
    mixed, strange, good = _mixed(data)
    if good > len(strange):
        return _decoded(mixed, "utf-8", bom=False, lines=strange)
    for encoding in dict.fromkeys(filter(None, (declared, "cp1252", "latin-1"))):
        try:
            text = data.decode("cp1252" if encoding == "iso8859-1" else encoding)
        except UnicodeDecodeError:
            continue
        same = declared in (None, encoding) or {declared, encoding} <= {"iso8859-1", "cp1252", "latin-1"}
        name = "cp1252" if encoding == "iso8859-1" else encoding
        return _decoded(text, name, bom=False, said=() if same else (f"declares {declared}, is no {declared}",))
    return _decoded(data.decode("latin-1"), "latin-1", bom=False)


def _mixed(data: bytes) -> tuple[str, tuple[tuple[int, str], ...], int]:
    """The text of UTF-8 with strange bytes read as Windows-1252, where they stand, and how many letters were UTF-8."""
    given = _broken(data.decode("utf-8", errors="surrogateescape"))
    strange: list[tuple[int, str]] = []
    line, at = 1, 0
    for found in _STRANGE.finditer(given):
        line += given.count("\n", at, found.start())
        at = found.start()
        strange.append((line, f"the byte 0x{ord(found.group()) - 0xDC00:02X} is no UTF-8, read as Windows-1252"))
    good = len(given) - len(given.encode("ascii", "ignore")) - len(strange)
    return data.decode("utf-8", errors="surrogateescape").translate(_AS_1252), tuple(strange), good


def _declared(data: bytes) -> str | None:
    """The encoding that a file names in its first lines, as Python calls it."""
    found = _DECLARED.search(data[:2000])
    if found is None:
        return None
    try:
        name = codecs.lookup(found.group(1).decode("ascii")).name
    except LookupError:
        return None
    return (
        name if not name.startswith(("utf-16", "utf-32", "utf-7")) and codecs.lookup(name)._is_text_encoding else None
    )


def _broken(text: str) -> str:
    """*text* with LF newlines only."""
    if "\r" not in text:
        return text
    text = text.replace("\r\n", "\n")
    return text.replace("\r", "\n") if "\r" in text else text


def _decoded(
    text: str,
    encoding: str,
    *,
    bom: bool,
    said: tuple[str, ...] = (),
    lines: tuple[tuple[int, str], ...] = (),
) -> Decoded:
    returns = text.count("\r")
    both = text.count("\r\n") if returns else 0
    counts = {"CRLF": both, "LF": text.count("\n") - both, "CR": returns - both}
    newlines = ", ".join(f"{kind} {count}" for kind, count in counts.items() if count) or "none"
    oddities = (*((1, f"the file {what}; read as {encoding}") for what in said), *lines)
    return Decoded(_broken(text), encoding, bom, newlines, oddities)
