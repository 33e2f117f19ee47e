"""`compiled`: the decorator of every function that Numba compiles.

Numba's own cache looks only at the file in which a function stands, so a change in a function that it calls would be
missed. Here the cache folder carries a digest of all of `clinical/`: any change compiles anew, a restart does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import config

_Function = TypeVar("_Function", bound=Callable[..., Any])
_here = Path(__file__).parent
_digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(_here.glob("*.py")))).hexdigest()[:12]
config.CACHE_DIR = str(_here / "__pycache__" / f"numba-{_digest}")  # type: ignore[attr-defined]


def compiled(function: _Function) -> _Function:
    """Compile a function of scalars and arrays; with ``NUMBA_DISABLE_JIT=1`` it stays plain Python."""
    return cast(_Function, numba.njit(cache=True, error_model="numpy")(function))
