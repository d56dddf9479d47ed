"""Readers of lists, JSON and saved numbers."""

import argparse
import contextlib
import functools
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import samples
from judge import Target
from mutations import json_values, lines

from imagenet_s.cli.existing_files import refuse_foreign_results
from imagenet_s.cli.main import build_parser
from imagenet_s.conversion.annotations.lists import read_list
from imagenet_s.conversion.converted.dataset_index import Index, parse_index
from imagenet_s.conversion.converted.find_converted import find_converted
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.imagenet.image_folder import ImageFolderReader
from imagenet_s.conversion.imagenet.orientation_index import rows_with_rotated_images
from imagenet_s.conversion.shards.resume import PlanRecord, must_rewrite, read_marker, shards_of_earlier_runs
from imagenet_s.conversion.shards.storage import LocalStorage
from imagenet_s.conversion.shards.written_files import WrittenFiles
from imagenet_s.conversion.submission.method_file import method_problem
from imagenet_s.metrics import Localization, MatchedIoU
from imagenet_s.metrics.evaluation.pairing import read_list as read_keys
from imagenet_s.metrics.matched_miou.matching import load_match

_PLAN = PlanRecord("50", "validation", "parquet", False, 1000, 2, 9, "a" * 64, "b" * 64, "c" * 64)
_SHARD = "50/validation-00000-of-00002.parquet"


def _list(data: bytes, folder: Path) -> Any:
    (folder / "l.txt").write_bytes(data)
    return read_list(folder / "l.txt")


def _keys(data: bytes, folder: Path) -> Any:
    (folder / "l.txt").write_bytes(data)
    return read_keys(folder / "l.txt")


def _index(data: bytes, folder: Path) -> Any:
    (folder / "index.json").write_bytes(data)
    (folder / ".imagenet-s").mkdir(exist_ok=True)
    find_converted(folder)
    index = parse_index(data, "index.json")
    assert all(not os.path.isabs(shard.file) and ".." not in shard.file.split("/") for *_, shard in index.shards())
    return index


def _marker(data: bytes, folder: Path) -> Any:
    """A damaged marker is none."""
    _write(folder / ".imagenet-s" / f"{_SHARD}.done", data)
    _write(folder / _SHARD, b"123456789")
    return read_marker(LocalStorage(str(folder)), _SHARD)


def _plan(data: bytes, folder: Path) -> Any:
    _write(folder / ".imagenet-s" / "50" / "validation.json", data)
    storage = LocalStorage(str(folder))
    shards = shards_of_earlier_runs(storage, Index(), "50", "validation")
    assert all(name.startswith("50/validation") for name in shards)
    assert len(shards) < 10_000
    return must_rewrite(storage, Index(), _PLAN, restart=False)


def _own_files(data: bytes, folder: Path) -> Any:
    """A damaged record is none: the files around the shards then have to be ours by their content."""
    _write(folder / ".imagenet-s" / "files.json", data)
    _write(folder / "id2label.json", b"somebody else's")
    own = WrittenFiles(LocalStorage(str(folder)), Index())
    with contextlib.suppress(ImageNetSError):
        own.refuse_foreign(Index(), "50", "parquet", ["validation"])
        raise AssertionError("a foreign file was taken for ours")
    own.save()


def _header_record(data: bytes, folder: Path) -> Any:
    """What was found in the headers of a folder, kept in the cache: a damaged record is none."""
    reader, rows, record, sound = _header_source(folder)
    ((place, (digest, _)),) = json.loads(sound).items()
    record.write_bytes(data.replace(b"PLACE", place.encode()).replace(b"DIGEST", digest.encode()))
    assert len(rows_with_rotated_images(reader, rows, None, again=False)) == rows.num_rows


@functools.cache
def _header_source(folder: Path) -> Any:
    for name, image in samples.images().items():
        if name != "rotated-png":
            _write(folder / "train" / "n01440764" / f"n01440764_{len(name)}.JPEG", image)
    reader = ImageFolderReader(str(folder / "train"), "train", "class folders")
    reader.cache_dir = str(folder / "cache")
    rows = reader.index()
    rows_with_rotated_images(reader, rows, None, again=False)
    (record,) = (folder / "cache" / "imagenet_s" / "headers").iterdir()
    return reader, rows, record, record.read_bytes()


def _counts(data: bytes, folder: Path) -> Any:
    (folder / "c.npz").write_bytes(data)
    metric = MatchedIoU.load(folder / "c.npz")
    result = metric.compute("hungarian")
    return [metric.num_classes, metric.per_image(), result["mean_iou"], result["matching"]]


def _run_record(data: bytes, folder: Path) -> Any:
    """The record in saved counts and scores, as `--counts` and `compare` use it."""
    with np.load(io.BytesIO(samples.counts()["counts"])) as arrays:
        np.savez(folder / "c.npz", **{**arrays, "record": np.frombuffer(data, np.uint8)})
    scores = Localization()
    scores.update([[1.0, 0.0]], [[3, 0]], 3, "cat")
    with np.load(io.BytesIO(scores.to_bytes())) as arrays:
        np.savez(folder / "s.npz", **{**arrays, "record": np.frombuffer(data, np.uint8)})
    (
        MatchedIoU.load(folder / "c.npz"),
        Localization.load(folder / "s.npz"),
    )  # whose errors are ValueErrors that name them
    page = str(folder / "p.html")
    _command(["evaluate", "--counts", str(folder / "c.npz"), "--matching", "hungarian", "--report", page])
    for command in (["evaluate-maps", "--counts"], ["compare", str(folder / "s.npz"), "--resamples", "2"]):
        _command([*command, str(folder / "s.npz"), "--report", page])


def _same_counts(got: Any, undamaged: Any) -> bool:
    return repr(got) == repr(undamaged)


def _match(data: bytes, folder: Path) -> Any:
    (folder / "match.json").write_bytes(data)
    match = load_match(folder / "match.json", 50)
    assert all(type(k) is int and k >= 0 and type(v) is int and 0 <= v <= 50 for k, v in match.items())


def _method(data: bytes, folder: Path) -> Any:
    problem = method_problem(data.decode("utf-8", errors="replace"))
    assert problem is None or 10 < len(problem) < 500
    return problem


def _results_file(data: bytes, folder: Path) -> Any:
    """`imagenet-s results FILE.json --verify`, without the entry point, which would take any ValueError."""
    _write(folder / "r.json", data)
    _write(folder / "c.npz", samples.counts()["counts"])
    return _command(["results", str(folder / "r.json"), "--verify", str(folder / "c.npz")])


def _results_entry(data: bytes, folder: Path) -> Any:
    _write(folder / "r.json", data)
    argv = ["results", str(folder / "r.json"), "--model", "a/b", "--dataset", "c/d", "--protocol", "unsupervised"]
    return _command([*argv, "--i-followed-the-rules", "--any-images", "--output", str(folder / "out.yaml")])


def _existing(data: bytes, folder: Path) -> Any:
    """Whether a file that is in the way is one of ours."""
    for option in ("json", "report", "save_counts", "session_name"):
        path = folder / ("x.json" if option in ("json", "session_name") else "x")
        _write(path, data)
        with contextlib.suppress(ImageNetSError):
            refuse_foreign_results(argparse.Namespace(**{option: str(path)}))


@functools.cache
def _parser() -> argparse.ArgumentParser:
    return build_parser()


def _command(argv: list[str]) -> int:
    import importlib

    args = _parser().parse_args(argv)
    command = importlib.import_module(f"imagenet_s.cli.commands.{args.command}")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            return command.run(args)
        except ValueError as error:
            if isinstance(error, ImageNetSError):
                raise
            raise AssertionError(f"the entry point would print this as it is: {error}") from error


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _results_sample() -> dict[str, bytes]:
    import tempfile

    from imagenet_s.conversion.core.json_values import json_values as plain
    from imagenet_s.metrics.evaluation.run_record import run_record

    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "c.npz").write_bytes(samples.counts()["counts"])
        metric = MatchedIoU.load(Path(folder, "c.npz"))
    result = {**plain(metric.compute("hungarian")), "run": plain(run_record(metric, matching="hungarian"))}
    return {"results": json.dumps(result).encode()}


def _json(value: Any) -> Any:
    return lambda: {"sound": json.dumps(value).encode()}


_MARKER = {"file": _SHARD, "rows": 4, "bytes": 9, "sha256": "0" * 64, "num_bytes": 9}
_RUN = {
    "name": "PASS",
    "config": "50",
    "options": {"split": "validation", "list": None, "target": "category", "on_missing": "skip"},
    "missing": ["n01440764/a.png"],
    "no_class": ["b"],
    "versions": {"numpy": "2.4"},
}
_RECORD = {"README.md": ["0" * 64], "id2label.json": ["1" * 64]}

RECORD_TARGETS = (
    Target("list", samples.lists, _list, lines, says="l.txt"),
    Target("list-metrics", samples.lists, _keys, lines, says="l.txt"),
    Target("index.json", samples.index, _index, json_values, says="index.json"),
    Target("completion-marker", _json(_MARKER), _marker, json_values),
    Target("plan-record", lambda: {"sound": json.dumps(_PLAN.__dict__).encode()}, _plan, json_values),
    Target("files.json", _json(_RECORD), _own_files, json_values),
    Target("header-record", _json({"PLACE": ["DIGEST", [0]]}), _header_record, json_values),
    Target("saved-counts", samples.counts, _counts, same=_same_counts, says="c.npz"),
    Target("run-record", _json(_RUN), _run_record, json_values),
    Target("match.json", _json(samples.MATCH), _match, json_values, says="match.json"),
    Target("method.txt", lambda: {"sound": samples.METHOD_TEXT.encode()}, _method, lines),
    Target("results-verify", _results_sample, _results_file, json_values, says="r.json"),
    Target("results-entry", _results_sample, _results_entry, json_values),
    Target("existing-file", lambda: {**_results_sample(), **samples.counts()}, _existing, json_values),
)
