"""Every door that reads shards, over every kind of damage, in a process of its own: it says each cell before it tries.

Usage: python damaged_shards.py FORM DATASET IMAGENET RUNS FOLDER
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

import imagenet_s
from imagenet_s.cli.main import main


def damages(data: bytes, form: str) -> dict[str, bytes]:
    """What may have become of a shard."""

    def flipped(*places: int) -> bytes:
        changed = bytearray(data)
        for place in places:
            changed[place] ^= 0xFF
        return bytes(changed)

    half = len(data) // 2
    kinds = {
        "truncated": data[:half],
        "without its end": data[:-9],
        "empty": b"",
        "text": b"404: Not Found\n",
        "zeros": data[:half] + bytes(len(data) - half),
        "last bytes": flipped(len(data) - 2, len(data) - 6),
        "end": flipped(len(data) - 12, len(data) - 40),
        "first bytes": flipped(0, 9),
        **{f"at {tenth} tenths": flipped(len(data) * tenth // 10) for tenth in range(1, 10)},
    }
    if form == "arrow":
        with pa.ipc.open_stream(data) as stream:
            batch = next(iter(stream))
        for name in ("image_id", "wnid", "image", "annotation"):
            column = batch.column(name)
            column = column.field("bytes") if pa.types.is_struct(column.type) else column
            offsets = bytes(column.buffers()[1])[: 4 * (len(column) + 1)]
            place = data.index(offsets) + 4 * (len(column) // 2)
            kinds[f"offsets of {name}"] = data[:place] + np.int32(0x7FFFFF00).tobytes() + data[place + 4 :]
    return kinds


def doors(imagenet: str, runs: Path, out: Path) -> dict[str, Callable[[Path], int]]:
    """Whatever reads shards, as a command line: data set -> exit code."""
    common = ["--config", "50", "--workers", "1"]
    loader = [f"{runs / 'loader.py'}:masks", "--kwargs", json.dumps({"root": str(runs / "a")})]
    own = ["--config", "50", "--no-verify"]

    def load(place: Path, **options: object) -> int:
        try:
            rows = imagenet_s.load_dataset(
                "50", split="validation", streaming=True, verify=False, cache_dir=str(out / "cache"), **options
            )
            for _ in rows.decode(False):
                pass
        except imagenet_s.ImageNetSError as error:
            sys.stderr.write(str(error))
            return 1
        return 0

    maps = ["evaluate-maps", "--maps-dir", runs / "maps-a", *common]
    show = ["--config", "50", "--output", out / "sheets", "--count", "99"]
    submit = ["--split", "validation", "--protocol", "semi", "--annotations-dir", runs / "lists", *own]
    commands: dict[str, Callable[[Path], list[object]]] = {
        "evaluate": lambda place: ["evaluate", "--predict-dir", runs / "a", "--gt-dir", place, *common],
        "evaluate, predictions": lambda place: ["evaluate", "--predict-dir", place, "--gt-dir", place, *common],
        "evaluate-maps": lambda place: [*maps, "--gt-dir", place],
        "evaluate-maps, labels": lambda place: [*maps, "--gt-dir", place, "--target", "imagenet"],
        "check-loader": lambda place: ["check-loader", *loader, "--gt-dir", place, "--config", "50"],
        "show": lambda place: ["show", place, *show],
        "show, classes": lambda place: ["show", place, *show, "--classes", "goldfish"],
        "export, coco": lambda place: ["export", place, out / "coco", "--format", "coco", *own],
        "export, yolo": lambda place: ["export", place, out / "yolo", "--format", "yolo", *own],
        "submit": lambda place: ["submit", place, out / "submission.zip", *submit],
        "verify": lambda place: ["convert", "--verify", place],
        "convert": lambda place: ["convert", place, out / "again", "--splits", "validation", *own],
        "check": lambda place: ["check", place, *own],
    }
    functions = {name: (lambda place, of=of: main(list(map(str, of(place))))) for name, of in commands.items()}
    functions["load, images"] = lambda place: load(place, data_dir=place)
    functions["load, annotations"] = lambda place: load(place, data_dir=imagenet, annotations_dir=place)
    return functions


def try_all(form: str, dataset: Path, imagenet: str, runs: Path, folder: Path) -> None:
    suffix = "*.parquet" if form == "parquet" else "*/*.arrow"
    (name,) = [path.relative_to(dataset) for path in (dataset / "50").glob(suffix) if "validation" in str(path)]
    for kind, content in damages((dataset / name).read_bytes(), form).items():
        place = folder / kind.replace(" ", "-")
        shutil.copytree(dataset, place)
        (place / name).unlink()
        (place / name).write_bytes(content)
        for door, call in doors(imagenet, runs, folder / "out").items():
            shutil.rmtree(folder / "out", ignore_errors=True)
            (folder / "out").mkdir()
            tell(kind, door)
            stderr = io.StringIO()
            try:
                with contextlib.redirect_stderr(stderr), contextlib.redirect_stdout(stderr):
                    code: int | str = call(place)
            except BaseException:  # noqa: BLE001
                code = traceback.format_exc()
            tell(kind, door, code, stderr.getvalue())


def tell(*cell: object) -> None:
    """A line for the test, written before anything can happen to this process."""
    sys.stdout.write(json.dumps(cell) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    form, *paths = sys.argv[1:]
    try_all(form, Path(paths[0]), paths[1], Path(paths[2]), Path(paths[3]))
