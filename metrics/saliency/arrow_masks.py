"""Masks in one Arrow file with the columns `image_id` and `png`, memory-mapped: cheap in every worker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..evaluation.mask_readers import MaskReader


class ArrowReader(MaskReader):
    """The masks of an Arrow file.

    Args:
        path: the file.
        folders: image id -> class folder, for the keys.
    """

    def __init__(self, path: Path, folders: Mapping[str, str]) -> None:
        self.path = path
        self._table: Any = None
        ids = self._open()["image_id"].to_pylist()
        self._rows = {f"{folders[image_id]}/{image_id}.png": row for row, image_id in enumerate(ids)}
        self.keys = list(self._rows)

    def read(self, key: str) -> bytes:
        """The bytes of the PNG."""
        content: bytes = self._open()["png"][self._rows[key]].as_py()
        return content

    def _open(self) -> Any:
        import pyarrow as pa

        if self._table is None:
            self._table = pa.ipc.open_file(pa.memory_map(str(self.path))).read_all()
        return self._table

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_table": None}
