"""The bytes of a PubMed file as UTF-8 chunks: unpacked when it is gzip, decoded when it declares another encoding.

Nothing is unpacked further than it is read, so that a small archive of a large file cannot fill the memory.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

from review.errors import FormatError
from review.search.pubmed_engine import inflate

CHUNK = 2**20
_GZIP = b"\x1f\x8b"
_PACKED = 2**18
_BOM = codecs.BOM_UTF8
_DECLARED = re.compile(rb"^\s*<\?xml[^>]*?encoding=[\"']([A-Za-z0-9_.-]+)[\"']")
_HEAD = 1024
# Python has codecs that are no character sets (hex, zlib), and some that hide markup (utf-7, unicode_escape)
_UTF8 = frozenset({"utf-8", "utf8", "ascii", "us-ascii"})
_ALLOWED = re.compile(
    r"utf-?16(?:-?[lb]e)?|latin-?1|iso-?8859-?(?:[1-9]|1[013-6])|(?:windows-|cp)125[0-8]"
    r"|gb18030|gbk|gb2312|big5|shift-jis|euc-(?:jp|kr)"
)


def gunzip(data: bytes, *, name: str = "the file") -> bytes:
    """*data* as it is, or unpacked when it is gzip; a truncated or broken archive is a FormatError."""
    return b"".join(_unpacked(data, io.BytesIO(), name)) if data.startswith(_GZIP) else data


def utf8_chunks(stream: BinaryIO, *, name: str) -> tuple[int, Iterator[bytes]]:
    """The offset of the first byte that counts (behind a byte order mark), and the chunks from there on in UTF-8."""
    start = b""
    while len(start) < len(_GZIP) and (more := stream.read(_PACKED)):
        start += more
    chunks = _unpacked(start, stream, name) if start.startswith(_GZIP) else _plain(start, stream)
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= _HEAD:
            break
    declared = _declared(head[:_HEAD])
    if declared in _UTF8:
        return len(head) - len(head.removeprefix(_BOM)), chain([head.removeprefix(_BOM)], chunks)
    if _ALLOWED.fullmatch(declared) is None:
        message = f"{name} declares the encoding {declared[:40]!r}, which is not read"
        hint = "save it as UTF-8; read are UTF-8, ASCII, UTF-16, ISO 8859, Windows 1250 to 1258, "
        raise FormatError(message, hint=f"{hint}GB 18030, GBK, GB 2312, Big5, Shift JIS, EUC-JP and EUC-KR")
    return 0, _decoded(chain([head], chunks), declared, name)


def _declared(head: bytes) -> str:
    """The encoding that the first bytes show or name, in lower case."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for start, without_mark in ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if head.startswith(start):
            return without_mark
    found = _DECLARED.match(head.removeprefix(_BOM))
    return found.group(1).decode().lower().replace("_", "-") if found else "utf-8"


def _plain(start: bytes, stream: BinaryIO) -> Iterator[bytes]:
    while start:
        yield start
        start = stream.read(CHUNK)


def _unpacked(start: bytes, stream: BinaryIO, name: str) -> Iterator[bytes]:
    """The inside of a gzip stream, which may have several members; zeros behind the last one are padding."""
    new, errors = inflate()
    count = 0
    packed = start
    try:
        while packed:
            unpack: Any = new(wbits=31)
            while not unpack.eof:
                packed = packed or stream.read(_PACKED)
                # it may still hold what was given before, so that nothing new is no end yet
                piece = unpack.decompress(packed, CHUNK)
                if not (packed or piece or unpack.eof):
                    raise _damaged(name, count)
                packed = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
                count += len(piece)
                if piece:
                    yield piece
            packed = packed.lstrip(b"\0")
            while not packed and (packed := stream.read(_PACKED)):
                packed = packed.lstrip(b"\0")
    except errors as problem:
        raise _damaged(name, count) from problem


def _decoded(chunks: Iterator[bytes], declared: str, name: str) -> Iterator[bytes]:
    try:
        decoder = codecs.getincrementaldecoder(declared)()
        for chunk in chunks:
            yield decoder.decode(chunk).encode()
        yield decoder.decode(b"", final=True).encode()
    except (LookupError, UnicodeError) as problem:
        message = f"{name} declares the encoding {declared!r} and cannot be read in it"
        raise FormatError(message, hint="save it as UTF-8") from problem


def _damaged(name: str, count: int) -> FormatError:
    message = f"{name} is a gzip file that ends early or is damaged after {count} unpacked bytes"
    return FormatError(message, hint="download it again")
