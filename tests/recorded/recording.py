"""What the tests of this folder share: the digests that were recorded, and how files and pages become digests.

`python tests/recorded/record.py` records them again, where bytes or figures change on purpose.
"""

import contextlib
import hashlib
import importlib.metadata
import io
import json
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from imagenet_s.cli.main import main

DIGESTS = Path(__file__).with_name("digests.json")
VERSIONS = {name: importlib.metadata.version(name) for name in ("datasets", "huggingface_hub", "pillow", "pyarrow")}
"""What bytes depend on besides this project."""
WITHOUT_VERSIONS = ("figures", "figures of maps", "results of masks", "results of maps")
"""What depends on none of these versions: figures, and files that hold figures and counts alone."""


def recorded(key: str) -> Any:
    """What was recorded; the test is skipped where other versions than then give other bytes."""
    digests = json.loads(DIGESTS.read_text(encoding="utf-8"))
    if key not in WITHOUT_VERSIONS and digests["versions"] != VERSIONS:
        pytest.skip(f"bytes were recorded with {digests['versions']}, here are {VERSIONS}")
    return digests[key]


def refuse_same_version(before: dict[str, Any], now: dict[str, Any]) -> None:
    """End where rows changed and `VERSION` did not; rows of other versions of what bytes depend on are not compared."""
    if before["versions"] == now["versions"] and before["rows version"] == now["rows version"]:
        changed = [name for name, digest in before["rows"].items() if now["rows"].get(name) != digest]
        if changed:
            raise SystemExit(
                f"The rows of {', '.join(changed)} changed: raise VERSION in conversion/dataset/config.py first."
            )


def sha256(data: bytes | str) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()[:16]


def digests_below(folder: Path, source: Path | None = None) -> dict[str, str]:
    """Each file by its content, each link by its target in the source; the conversion's own notes are left out."""
    digests = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            digests[name] = f"link to {Path(os.readlink(path)).relative_to(source or folder).as_posix()}"
        elif path.is_file() and not name.startswith(".imagenet-s/"):
            digests[name] = sha256(path.read_bytes())
    return digests


@contextlib.contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Commands are given names in the folder, so that no path of a machine gets into what they write."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def printed_by(*arguments: str | os.PathLike[str], code: int = 0) -> str:
    """What a command prints to stdout, if it ends with this exit code."""
    stdout = io.StringIO()
    with contextlib.redirect_stdout(stdout):
        assert main([os.fspath(argument) for argument in arguments]) == code
    return stdout.getvalue()


def made_map(number: int, inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """A map that is higher on its object; every fourth is constant.

    Its values are 64ths from -0.5 to 0.5, whose sums are exact: in whatever order NumPy adds, no bit changes.
    """
    if number % 4 == 2:
        return np.full(inside.shape, 0.25)
    y, x = np.indices(inside.shape)
    return np.clip(((7 * x + 11 * y + 5 * number) % 65 - 32 + 16 * inside) / 64, -0.5, 0.5)


def archived_arrays(path: str) -> list[str]:
    """The arrays of an .npz in their order, each as its bytes are stored; of the record of a run all but its versions.

    The bytes of the archive depend on the version of zlib: they must be those that NumPy writes here of these arrays.
    """
    with np.load(path) as arrays, io.BytesIO() as again:
        np.savez_compressed(again, **arrays)
        record = {**json.loads(arrays["record"].tobytes()), "versions": {}}
        assert Path(path).read_bytes() == again.getvalue()
    with zipfile.ZipFile(path) as archive:
        stored = {name: archive.read(name) for name in archive.namelist()}
    stored["record.npy"] = json.dumps(record).encode()
    return [f"{name} {sha256(content)}" for name, content in stored.items()]


def page_parts(path: str) -> dict[str, str]:
    """A page in three parts: its pictures, its style, and all else, which is what it says."""
    page = Path(path).read_bytes().decode()
    parts = {}
    for name, pattern in (("pictures", r'data:image/[^"]+'), ("style", r"(?s)<style>.*?</style>")):
        pieces = re.findall(pattern, page)
        parts[name] = f"{len(pieces)}, {sha256(json.dumps(pieces))}"
        page = re.sub(pattern, name, page)
    return {**parts, "all else": sha256(page)}
