"""What a result holds, for comparisons byte by byte."""

from pathlib import Path


def contents(out: Path, working: bool = False) -> dict[str, bytes]:
    """Name -> bytes of every file; those of the working folder only where they are asked for."""
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
    return {name: data for name, data in found.items() if working or not name.startswith(".imagenet-s/")}
