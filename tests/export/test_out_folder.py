"""OUT: nothing of others is touched, nothing half-written has a name, the same command goes on."""

import errno
import fcntl
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.export import Coco, Foreground, Yolo, export_masks

ROOT = Path(imagenet_s.__file__).parent
Layout = Callable[[str], Path]


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("name", "forms"), [("validation/photo.png", [Coco("50"), Yolo("50")]), ("data.yaml", [Yolo("50")])]
)
def test_what_would_be_replaced_is_refused(annotations: Path, tmp_path: Path, name: str, forms: list[Any]) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("years of work")
    for form in forms:
        with pytest.raises(ImageNetSError, match=f"holds {name.split('/')[0]}, which no export wrote"):
            export_masks(annotations, tmp_path, form, verify=False)
    assert everything(tmp_path) == {name: b"years of work"}


@pytest.mark.parametrize("form", [Coco("50"), Yolo("50")], ids=lambda form: form.name)
def test_what_is_not_in_the_way_stays(annotations: Path, tmp_path: Path, form: Any) -> None:
    """A fresh volume holds lost+found, a folder of a Mac .DS_Store."""
    (tmp_path / "lost+found").mkdir(mode=0o700)
    others = dict.fromkeys((".DS_Store", "desktop.ini", ".nfs000012", "thesis.tex", "test/photo.png"), b"mine")
    for name, content in others.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    export_masks(annotations, tmp_path, form, verify=False)
    export_masks(annotations, tmp_path, form, ["train_semi", "validation"], verify=False)
    written = everything(tmp_path)
    assert {name: written[name] for name in others} == others
    assert (tmp_path / "lost+found").is_dir()


def test_a_file_is_refused(annotations: Path, tmp_path: Path) -> None:
    (tmp_path / "out.json").write_text("{}")
    with pytest.raises(ImageNetSError, match="is a file: name a folder"):
        export_masks(annotations, tmp_path / "out.json", Coco("50"), verify=False)


def test_a_second_run_keeps_and_adds(annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    arguments = ["export", str(annotations), str(tmp_path / "out"), "--format", "yolo", "--config", "50", "--no-verify"]
    assert main([*arguments, "--json", "-"]) == 0
    assert [split["kept"] for split in json.loads(capsys.readouterr().out)] == [False]
    first = everything(tmp_path)
    assert main([*arguments, "--split", "val", "train-semi", "--json", "-"]) == 0
    assert [split["kept"] for split in json.loads(capsys.readouterr().out)] == [True, False]
    second = everything(tmp_path)
    assert {name: second[name] for name in first if name != "out/data.yaml"} == {
        name: data for name, data in first.items() if name != "out/data.yaml"
    }
    assert b"train: train_semi/images" in second["out/data.yaml"]


def test_another_form_or_other_masks_are_refused(miniature: Layout, annotations: Path, tmp_path: Path) -> None:
    export_masks(annotations, tmp_path, Foreground("50"), verify=False)
    before = everything(tmp_path)
    with pytest.raises(ImageNetSError, match="holds an export as foreground of 50: name another OUT for coco"):
        export_masks(annotations, tmp_path, Coco("50"), verify=False)
    with pytest.raises(ImageNetSError, match="name another OUT for foreground of 300"):
        export_masks(annotations, tmp_path, Foreground("300"), verify=False)
    with pytest.raises(ImageNetSError, match="with other options"):
        export_masks(annotations, tmp_path, Foreground("50", own_class=True), verify=False)
    assert everything(tmp_path) == before


@pytest.mark.parametrize(
    "record", ["", "[]", "null", '{"format": [], "config": {}}', '{"format": "coco"}', "[" * 100_000, "\udcff"]
)
def test_a_record_that_cannot_be_read(annotations: Path, tmp_path: Path, record: str) -> None:
    """The folder counts as somebody's own: named with what to do, and left as it is."""
    export_masks(annotations, tmp_path, Coco("50"), verify=False)
    path = tmp_path / "validation" / "export.json"
    path.write_bytes(record.encode(errors="surrogateescape"))
    before = everything(tmp_path)
    with pytest.raises(
        ImageNetSError, match=r"holds validation, which no export wrote .* holds export\.json\): move it away"
    ):
        export_masks(annotations, tmp_path, Coco("50"), verify=False)
    assert everything(tmp_path) == before


def test_two_at_once_with_caches_of_their_own(annotations: Path, tmp_path: Path) -> None:
    """As two users, containers or machines have them: the second waits for the first, and nothing is lost."""
    command = [
        "export",
        str(annotations),
        str(tmp_path / "out"),
        "--format",
        "foreground",
        "--config",
        "50",
        "--no-verify",
    ]
    environment = {**os.environ, "HF_DATASETS_CACHE": str(tmp_path / "another")}
    others = []

    class Meanwhile(Foreground):
        def write(self, folder: Path, masks: Any, encoded: Any) -> None:
            """In the middle of it, the other run begins; its first line says that it waits, or it is over."""
            row = next(encoded)
            code = "import sys; from imagenet_s.cli.main import main; sys.exit(main(sys.argv[1:]))"
            others.append(
                subprocess.Popen([sys.executable, "-c", code, *command], env=environment, stderr=-1, text=True)
            )
            assert "waiting for it" in others[0].stderr.readline()
            super().write(folder, masks, itertools.chain([row], encoded))

    export_masks(annotations, tmp_path / "out", Meanwhile("50"), verify=False)
    assert others[0].communicate(timeout=60) == (None, "")
    assert others[0].returncode == 0
    export_masks(annotations, tmp_path / "clean", Foreground("50"), verify=False)
    assert everything(tmp_path / "out") == everything(tmp_path / "clean")


def test_two_at_once_without_locks(annotations: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system that has none, each has a folder of its own, and the second to finish leaves nothing."""

    def no_locks(*arguments: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", no_locks)

    class Meanwhile(Foreground):
        def write(self, folder: Path, masks: Any, encoded: Any) -> None:
            super().write(folder, masks, encoded)
            monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "another"))
            export_masks(annotations, tmp_path / "out", Foreground("50"), verify=False)

    with pytest.raises(OSError, match="not empty"):
        export_masks(annotations, tmp_path / "out", Meanwhile("50"), verify=False)
    export_masks(annotations, tmp_path / "clean", Foreground("50"), verify=False)
    assert everything(tmp_path / "out") == everything(tmp_path / "clean")
    assert os.listdir(tmp_path / "out") == ["validation"]


def test_options_of_another_form_and_splits_without_masks(
    annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    start = ["export", str(annotations), str(tmp_path / "out"), "--config", "50", "--format"]
    assert main([*start, "coco", "--own-class"]) == 1
    assert "--own-class is for --format foreground" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*start, "coco", "--split", "test"])
    assert "public masks are train_semi, validation" in capsys.readouterr().err
    with pytest.raises(ImageNetSError, match="train has no public masks"):
        export_masks(annotations, tmp_path / "out", Coco("50"), ["train"], verify=False)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "[" * 100_000, "\xff"])
def test_a_record_that_cannot_be_read_is_none(content: str, annotations: Path, tmp_path: Path) -> None:
    """Nothing says then that the folder is ours: it stays, and the message names it."""
    export_masks(annotations, tmp_path, Coco("50"), verify=False)
    (tmp_path / "validation" / "export.json").write_bytes(content.encode("latin-1"))
    before = everything(tmp_path)
    with pytest.raises(ImageNetSError, match="holds validation, which no export wrote"):
        export_masks(annotations, tmp_path, Coco("50"), verify=False)
    assert everything(tmp_path) == before


def test_a_folder_whose_name_is_no_utf8(annotations: Path, tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    for form in (Coco("50"), Yolo("50")):
        export_masks(annotations, odd / form.name, form, verify=False)
        export_masks(annotations, tmp_path / form.name, form, verify=False)
        assert everything(odd / form.name) == everything(tmp_path / form.name)


def test_killed_and_run_again(annotations: Path, tmp_path: Path) -> None:
    """Killed in the middle of a split: nothing has a final name, and the next run ends well."""
    code = (
        "import os, signal\n"
        "from imagenet_s.conversion.export import Foreground, export_masks\n"
        "class Killed(Foreground):\n"
        "    def write(self, folder, masks, encoded):\n"
        "        for number, (row, png) in enumerate(encoded):\n"
        "            (folder / row.image_id).write_bytes(png)\n"
        "            if number == 4: os.kill(os.getpid(), signal.SIGKILL)\n"
        "if __name__ == '__main__':\n"
        f"    export_masks({str(annotations)!r}, {str(tmp_path / 'out')!r}, Killed('50'), verify=False)\n"
    )
    environment = {**os.environ, "HF_HOME": str(tmp_path / "hf")}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    left = os.listdir(tmp_path / "out")
    assert sorted(left) == [".incomplete.lock", ".validation.incomplete"]
    export_masks(annotations, tmp_path / "out", Foreground("50"), verify=False)
    export_masks(annotations, tmp_path / "clean", Foreground("50"), verify=False)
    assert everything(tmp_path / "out") == everything(tmp_path / "clean")


def test_ctrl_c_leaves_nothing(annotations: Path, tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from imagenet_s.cli.main import main\n"
        "from imagenet_s.conversion.export import Foreground\n"
        "encode = Foreground.encode\n"
        "def slow(self, row, ids):\n"
        "    print('encoding', flush=True); time.sleep(0.5)\n"
        "    return encode(self, row, ids)\n"
        "Foreground.encode = slow\n"
        f"sys.exit(main(['export', {str(annotations)!r}, {str(tmp_path / 'out')!r}, '--format', 'foreground',\n"
        "               '--config', '50', '--no-verify']))\n"
    )
    environment = {**os.environ, "HF_HOME": str(tmp_path / "hf")}
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "encoding\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    assert process.returncode == 130
    assert os.listdir(tmp_path / "out") == []
