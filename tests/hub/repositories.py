"""What the stand-in Hub keeps: repositories with commits, and the large files beside them, all in memory."""

import hashlib
from dataclasses import dataclass, field
from typing import Any


@dataclass
class File:
    data: bytes
    large: bool

    @property
    def oid(self) -> str:
        """Git's name of the content (of the content itself also where git would hold a pointer)."""
        return hashlib.sha1(b"blob %d\0" % len(self.data) + self.data).hexdigest()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def etag(self) -> str:
        return self.sha256 if self.large else self.oid

    def describe(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "file", "path": path, "size": len(self.data), "oid": self.oid}
        if self.large:
            found["lfs"] = {"oid": self.sha256, "size": len(self.data), "pointerSize": 130}
        return found


@dataclass
class Repository:
    name: str
    kind: str
    private: bool
    commits: list[tuple[str, str, dict[str, File]]] = field(default_factory=list)
    """(sha, message, files)"""

    def __post_init__(self) -> None:
        self.commit(
            "initial commit", {".gitattributes": File(b"*.parquet filter=lfs diff=lfs merge=lfs -text\n", False)}
        )

    @property
    def files(self) -> dict[str, File]:
        return self.commits[-1][2]

    @property
    def sha(self) -> str:
        return self.commits[-1][0]

    def commit(self, message: str, files: dict[str, File]) -> str:
        before = self.commits[-1][2] if self.commits else {}
        sha = hashlib.sha1(f"{self.name} {len(self.commits)} {message}".encode()).hexdigest()
        self.commits.append((sha, message, {**before, **files}))
        return sha

    def at(self, revision: str) -> tuple[str, dict[str, File]] | None:
        if revision in ("main", "HEAD"):
            return self.sha, self.files
        return next(((sha, files) for sha, _, files in self.commits if sha == revision), None)

    def describe(self, sha: str, files: dict[str, File]) -> dict[str, Any]:
        return {
            "_id": "0" * 24,
            "id": self.name,
            "author": self.name.split("/")[0],
            "private": self.private,
            "gated": False,
            "disabled": False,
            "sha": sha,
            "lastModified": "2026-01-01T00:00:00.000Z",
            "createdAt": "2026-01-01T00:00:00.000Z",
            "downloads": 0,
            "likes": 0,
            "tags": [],
            "siblings": [{"rfilename": path} for path in sorted(files)],
        }


def listed(files: dict[str, File], folder: str, recursive: bool) -> list[dict[str, Any]]:
    """A tree as the Hub lists it: folders as entries of their own."""
    prefix = f"{folder}/" if folder else ""
    entries: dict[str, dict[str, Any]] = {}
    for path, file in sorted(files.items()):
        if not path.startswith(prefix):
            continue
        parts = path[len(prefix) :].split("/")
        for depth in range(1, len(parts) if recursive else min(2, len(parts))):
            above = prefix + "/".join(parts[:depth])
            entries.setdefault(above, {"type": "directory", "path": above, "size": 0, "oid": "0" * 40})
        if recursive or len(parts) == 1:
            entries[path] = file.describe(path)
    return list(entries.values())
