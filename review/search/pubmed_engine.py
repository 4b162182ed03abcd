"""Which libraries read PubMed XML here: those of the extra `fast` where they are installed, else Python's own.

`REVIEW_XML=plain` in the environment takes Python's own in any case.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import zlib
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from typing import Any
from xml.parsers import expat

from review.errors import UsageProblem

_ALLOWED = ("auto", "fast", "plain")


def engine() -> str:
    """What reads here, with its version: `pygixml 0.13.0 + isal 1.9.1`, or Python's ElementTree."""
    if is_fast():
        return f"pygixml {version('pygixml')} + isal {version('isal')}"
    return f"ElementTree of Python {platform.python_version()} ({expat.EXPAT_VERSION.replace('_', ' ')})"


def is_fast() -> bool:
    """Whether pygixml reads; raises UsageProblem for a REVIEW_XML that is none of the allowed words."""
    wanted = os.environ.get("REVIEW_XML") or "auto"
    if wanted not in _ALLOWED:
        message = f"REVIEW_XML is {wanted!r}, and may be {', '.join(_ALLOWED)}"
        raise UsageProblem(message, hint="unset it: the quicker engine is taken where it is installed")
    installed = _installed()
    if wanted == "fast" and not installed:
        message = "REVIEW_XML is 'fast', and pygixml or isal is not installed"
        raise UsageProblem(message, hint="pip install 'regen-review[fast]'")
    return installed and wanted != "plain"


def inflate() -> tuple[Callable[..., Any], tuple[type[BaseException], ...]]:
    """What makes a decompressor, and the errors it raises."""
    if not is_fast():
        return zlib.decompressobj, (zlib.error,)
    library: Any = importlib.import_module("isal.isal_zlib")
    return library.decompressobj, (library.error,)


@cache
def _installed() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in ("pygixml", "isal"))
