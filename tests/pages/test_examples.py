"""What the README, the commands of the pages and the docstrings show is run, over the miniature."""

import contextlib
import doctest
import importlib
import io
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion.facts import CONFIG_NAMES, OFFICIAL, SPLITS

README = Path(imagenet_s.__file__).with_name("README.md")
ROOT = README.parent
MODULES = sorted(
    "imagenet_s." + ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for file in (ROOT / "conversion").rglob("*.py")
    if ">>> " in (text := file.read_text(encoding="utf-8")) and "from torchvision" not in text
)
"""The modules whose docstrings have examples, but for those of torchvision; tests/metrics runs those of the metric."""


BLOCK = re.compile(r"^```(python|console)\n(.*?)^```\n(?:\n^```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)


def blocks(page: Path = README) -> list[tuple[str, str, str]]:
    """The blocks of a page in their order: language, code, and the output that stands below it."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def same_everywhere(printed: str) -> str:
    """Output without what differs between two runs: addresses in memory, the folder it was run in."""
    return re.sub(r"0x[0-9A-Fa-f]+", "0x...", printed).replace(os.getcwd(), "/home/me")


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder in which `imagenet-s demo --output demo` was run, as the README says."""
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--output", "demo"]) == 0


@pytest.mark.usefixtures("demo", "evaluate_cache")
def test_readme_python(miniature: Callable[[str], Path], annotations: Path) -> None:
    """All Python code in its order, on miniatures; it prints what the README shows."""
    Image.fromarray(imagenet_s.encode_mask([[0, 919, 1000]])).save("official.png")
    elsewhere = f'data_dir="{miniature("folders")}", annotations_dir="{annotations}", verify=False'
    names: dict[str, Any] = {}
    compared = 0
    for language, code, expected in blocks():
        if language != "python":
            continue
        # ImageNet itself is not here: its miniature stands in for it, with fewer rows.
        code, real = re.subn(r'data_dir=("/data/imagenet"|\.\.\.)', lambda _: elsewhere, code)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, names)
        if real and expected:
            rows = OFFICIAL.num_images["919"]["validation"]
            expected = expected.replace(f"num_rows: {rows}", f"num_rows: {names['ds'].num_rows}")
        assert same_everywhere(printed.getvalue()) == same_everywhere(expected)
        compared += bool(expected)
    assert compared == 4
    assert names["ids"].tolist() == [[0, 919, 1000]]
    assert [set(names["some"]), len(names["val"].features)] == [{"train_semi", "validation"}, 6]


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("page", ["loading.md", "metric.md"])
def test_commands_with_output(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Commands that stand with their output print it, on stdout and then, for hints, on stderr."""
    compared = 0
    for _, code, _ in blocks(ROOT / "docs" / page):
        if code.startswith("$ imagenet-s "):
            command, expected = code.split("\n", 1)
            capsys.readouterr()
            assert main(shlex.split(command)[2:]) == 0
            shown = capsys.readouterr()
            assert same_everywhere(shown.out + shown.err) == expected
            compared += 1
    assert compared == 1


def test_readme_counts() -> None:
    """The table of the splits has the official numbers."""
    text = README.read_text(encoding="utf-8")
    for split in SPLITS:
        row = next(line for line in text.splitlines() if line.startswith(f"| `{split}` |") and "," in line)
        numbers = [cell.strip() for cell in row.split("|")[2:5]]
        official = [OFFICIAL.num_images[config].get(split) for config in CONFIG_NAMES]
        assert numbers == [f"{number:,}" if number else "" for number in official]


def test_every_path_the_documents_name_exists() -> None:
    root = README.parent
    for document in [
        README,
        root / "CONTRIBUTING.md",
        root / "examples" / "README.md",
        *sorted((root / "docs").glob("*.md")),
    ]:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / link).exists(), f"{document.name} links to {link}"
    for path in re.findall(r"`((?:\.?\w+/)+[\w./]*)`", (root / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        assert (root / path).exists(), f"CONTRIBUTING names {path}"
