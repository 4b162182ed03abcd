"""How reads and batches travel to the process that holds the file: a line of JSON, then frames as Arrow IPC.

Frames carry every type of a column (times with their zone, lists, bytes) and nothing that could be run.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Literal

from review.database.frames import frame_of
from review.database.store import Append, Batch, Replace, Unchanged
from review.errors import StoreError

if TYPE_CHECKING:
    import polars as pl

MEDIA_TYPE = "application/vnd.regen-review.frames"
_MAGIC = b"RRF1"
_LENGTH = struct.Struct(">Q")
Compression = Literal["lz4", "uncompressed"]


class TooLong(Exception):
    """A message of more bytes than are taken."""


def pack(head: Mapping[str, Any], frames: Sequence[pl.DataFrame] = (), *, compression: Compression = "lz4") -> bytes:
    """One message."""
    parts = [_MAGIC]
    for body in (json.dumps(head).encode(), *(_to_ipc(frame, compression) for frame in frames)):
        parts += [_LENGTH.pack(len(body)), body]
    return b"".join(parts)


def unpack(message: bytes) -> tuple[dict[str, Any], list[pl.DataFrame]]:
    """What `pack` put together. Raises StoreError for anything else."""
    import polars as pl

    if not message.startswith(_MAGIC):
        raise StoreError(_NOT_OURS)
    bodies = []
    at = len(_MAGIC)
    while at < len(message):
        begin = at + _LENGTH.size
        if begin > len(message):
            raise StoreError(_NOT_OURS)
        (length,) = _LENGTH.unpack(message[at:begin])
        if begin + length > len(message):
            raise StoreError(_NOT_OURS)
        bodies.append(message[begin : begin + length])
        at = begin + length
    try:
        head = json.loads(bodies[0])
        frames = [pl.read_ipc(io.BytesIO(body)) if body else pl.DataFrame() for body in bodies[1:]]
    except (ValueError, IndexError, pl.exceptions.PolarsError) as problem:
        raise StoreError(_NOT_OURS) from problem
    if not isinstance(head, dict):
        raise StoreError(_NOT_OURS)
    return head, frames


def send(pipe: IO[bytes], message: bytes) -> None:
    """Write a message into a pipe, its length before it."""
    pipe.write(_LENGTH.pack(len(message)))
    pipe.write(message)
    pipe.flush()


def receive(pipe: IO[bytes], *, most: int | None = None) -> bytes | None:
    """The next message of a pipe, or None where it ends before one is whole. Raises TooLong above *most* bytes."""
    begin = pipe.read(_LENGTH.size)
    if len(begin) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(begin)
    if most is not None and length > most:
        raise TooLong
    message = pipe.read(length)
    return message if len(message) == length else None


def params_frame(params: Mapping[str, Any] | None) -> pl.DataFrame:
    """*params* as a frame of one row."""
    return frame_of([{name: _plain(value) for name, value in (params or {}).items()}]) if params else frame_of([])


def params_of(frame: pl.DataFrame) -> dict[str, Any] | None:
    """The values that `params_frame` took."""
    return frame.to_dicts()[0] if frame.height else None


def pack_batch(batch: Batch) -> bytes:
    """A batch as a message: two frames for each step, its rows and what it replaces."""
    head = []
    frames = []
    for step in batch:
        if isinstance(step, Unchanged):
            head.append({"table": step.table, "unchanged": step.arrival})
            continue
        head.append({"table": step.table, "replace": isinstance(step, Replace)})
        frames += [frame_of(step.rows), params_frame(step.where if isinstance(step, Replace) else None)]
    return pack({"steps": head}, frames)


def unpack_batch(message: bytes) -> list[Append | Replace | Unchanged]:
    """The batch of a message. Raises StoreError where it is none."""
    head, frames = unpack(message)
    steps = head.get("steps")
    if not isinstance(steps, list) or len(frames) != 2 * sum("unchanged" not in step for step in steps):
        raise StoreError(_NOT_OURS)
    batch: list[Append | Replace | Unchanged] = []
    following = iter(frames)
    for step in steps:
        if "unchanged" in step:
            batch.append(Unchanged(str(step["table"]), int(step["unchanged"])))
            continue
        rows, where = next(following), next(following)
        if step["replace"]:
            batch.append(Replace(str(step["table"]), rows.to_dicts(), params_of(where) or {}))
        else:
            batch.append(Append(str(step["table"]), rows.to_dicts()))
    return batch


def _to_ipc(frame: pl.DataFrame, compression: Compression) -> bytes:
    if not frame.width:
        return b""
    buffer = io.BytesIO()
    frame.write_ipc(buffer, compression=compression)
    return buffer.getvalue()


def _plain(value: Any) -> Any:
    """A word of a controlled list as text, a tuple as a list: a frame knows neither."""
    if isinstance(value, str):
        return str(value)
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


_NOT_OURS = "what came over the wire is no message of this program"
