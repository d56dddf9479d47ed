"""A disk that becomes full while a command writes: nothing cut off has a final name, and the message names the file."""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion.synthetic import expected_rows

Layouts = Callable[[str], Path]


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """The system takes so many bytes of a file, and then refuses: as a full disk does, in the middle of a write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("command", "result"),
    [
        ("export ANNOTATIONS OUT/e --format coco", "e/validation"),
        ("export ANNOTATIONS OUT/e --format rle-csv", "e/validation"),
        ("prepare IMAGENET OUT/t --copy --splits validation", "t/ImageNetS50"),
        ("show IMAGENET --output OUT/s --count 1", "s/50-validation-01.png"),
        ("show IMAGENET --page OUT/p.html --count 1", "p.html"),
        ("submit MASKS OUT/z.zip --split validation --protocol free", "z.zip"),
        ("evaluate --predict-dir MASKS --gt-dir MASKS --workers 1 --report OUT/r.html", "r.html"),
    ],
)
def test_a_result_that_does_not_fit(
    command: str, result: str, masks: Path, miniature: Layouts, annotations: Path, tmp_path: Path, capsys
) -> None:
    places = {"ANNOTATIONS": annotations, "IMAGENET": miniature("folders"), "MASKS": masks}

    def run(out: Path) -> int:
        words = [str(places.get(word, word)).replace("OUT/", f"{out}/") for word in command.split()]
        data = [] if words[0] == "evaluate" else ["--annotations-dir", str(annotations), "--no-verify"]
        return main([*words, "--config", "50", *data])

    out, sound = tmp_path / "out", tmp_path / "sound"
    assert run(sound) == 0
    capsys.readouterr()
    with files_of_at_most(700):
        assert run(out) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith(f"imagenet-s: {out}/{result}")
    assert last.endswith(": File too large")
    for path in out.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (sound / path.relative_to(out)).read_bytes()
    assert run(out) == 0, "with room, the same command goes on"
    assert {path.relative_to(out) for path in out.rglob("*")} == {path.relative_to(sound) for path in sound.rglob("*")}
    with files_of_at_most(700):
        run(out)
    for path in sound.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (out / path.relative_to(sound)).read_bytes(), "an earlier result stays"


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_data_set_that_does_not_fit(
    split: str, streaming: bool, miniature: Layouts, annotations: Path, tmp_path: Path
) -> None:
    """What `datasets` can't write has no name, in some versions within another error; the masks are written by us."""
    options = {"data_dir": miniature("folders"), "annotations_dir": annotations, "cache_dir": tmp_path / "cache"}

    def load() -> list[str]:
        rows = imagenet_s.load_dataset("50", split=split, streaming=streaming, verify=False, **options)
        return [row["image_id"] for row in rows]

    for size in (100, 700):
        if not (streaming and split == "train"):  # it keeps nothing
            with files_of_at_most(size), pytest.raises(imagenet_s.ImageNetSError) as refused:
                load()
            assert str(tmp_path / "cache") in str(refused.value)
            assert "can't be written (File too large): make room" in str(refused.value)
    assert sorted(load()) == sorted(row.image_id for row in expected_rows("50", split))
