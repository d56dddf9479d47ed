"""A damaged shard is one error that names it, through every door: never the end of the interpreter, nor a traceback."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from mask_places import Place

SCRIPT = Path(__file__).with_name("damaged_shards.py")
UNSEEN = ("at ", "zeros", "end", "offsets of image")
"""What may be in bytes that a door does not read, or that say nothing of the rows."""
READS_IMAGES = ("show", "export, yolo", "convert", "load, images")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["arrow", "parquet"])
def test_every_damage_through_every_door(
    form: str, places: dict[str, Place], runs: Path, miniature: Callable[[str], Path], annotations: Path, tmp_path: Path
) -> None:
    if not (runs / "lists").exists():
        (runs / "lists").symlink_to(annotations)
    arguments = [form, places[form].path, miniature("folders"), runs, tmp_path]
    environment = {**os.environ, "HF_DATASETS_CACHE": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert done.returncode == 0, f"ended with {done.returncode} in {lines[-1]}: {done.stderr[-2000:]}"
    cells = [line for line in lines if len(line) == 4]
    assert len(cells) * 2 == len(lines) > 200
    problems = []
    for kind, door, code, message in cells:
        if not isinstance(code, int) or "Traceback" in message:
            problems.append(f"{kind} through {door}: {code} {message}")
        elif code == 0:
            unseen = kind.startswith(UNSEEN) or (door == "check" and kind == "offsets of annotation")
            if not unseen or (kind == "offsets of image" and door in READS_IMAGES):
                problems.append(f"{kind} through {door}: no error")
        elif not any(name in message for name in (kind.replace(" ", "-"), "ILSVRC2012_val_")):
            problems.append(f"{kind} through {door}: not named: {message}")
    assert not problems, "\n".join(problems)
    assert all(code == 1 for kind, door, code, _ in cells if door == "verify"), "every byte is in its sha256"
