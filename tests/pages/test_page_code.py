"""Every page of docs/: its Python runs over the miniature and prints what it shows, its commands parse."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from page_code import NEEDS_MORE, blocks_of, commands_of, run_page

from imagenet_s.cli.main import build_parser
from imagenet_s.metrics import MatchedIoU

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
THIS = "test_page_code.py"
NOT_RUN = {
    "export.md": 1,
    "from-the-official-toolbox.md": 1,
    "loading.md": 2,
    "shards.md": 2,
    "training-loops.md": 6,
}


def counts_are_kept(names: dict[str, Any], folder: Path) -> None:
    saved = MatchedIoU.load(folder / names["results"] / "counts.npz")
    assert saved.compute()["num_images"] == 3


CHECKS: dict[str, Callable[[dict[str, Any], Path], None]] = {"loading.md": counts_are_kept}


def with_python(pages: list[Path]) -> list[Path]:
    return [page for page in pages if any(block.language == "python" for block in blocks_of(page))]


def parameters() -> list[object]:
    """Pages that need torchvision run here, in its environment; those with a test of their own run there."""
    here = [page for page in with_python(PAGES) if NEEDS_MORE.get(page.name, THIS) == THIS]
    return [pytest.param(page, id=page.stem, marks=[pytest.mark.vision] * (page.name in NEEDS_MORE)) for page in here]


@pytest.mark.parametrize("page", parameters())
def test_python(page: Path, tmp_path: Path) -> None:
    if page.name in NEEDS_MORE:
        pytest.importorskip("torchvision")
    blocks = [block for block in blocks_of(page) if block.language == "python"]
    ran, names = run_page(page, tmp_path)
    assert ran == len(blocks) - NOT_RUN.get(page.name, 0) > 0
    CHECKS.get(page.name, lambda names, folder: None)(names, tmp_path)


def test_the_pages_with_a_test_of_their_own_have_it() -> None:
    for page, test in NEEDS_MORE.items():
        assert test == THIS or f'"{page}"' in (ROOT / "tests" / test).read_text(encoding="utf-8")


def test_what_does_not_run_is_known_and_says_why() -> None:
    pages = [*PAGES, ROOT / "README.md"]
    reasons = {page.name: [block.reason for block in blocks_of(page) if block.reason] for page in pages}
    assert {page: len(blocks) for page, blocks in reasons.items() if blocks} == NOT_RUN
    # A comment that stands above no block would silently run the next one.
    for page in pages:
        assert len(re.findall("<!-- not run", page.read_text(encoding="utf-8"))) == len(reasons[page.name]), page.name


def test_the_readme_leads_to_every_page() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in PAGES if f"](docs/{page.name}" not in text] == []


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "README.md", ROOT / "examples" / "README.md"], ids=lambda page: page.stem
)
def test_commands(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    commands = commands_of(page)
    assert commands or not re.search(r"^[$!]? ?imagenet-s ", text, re.MULTILINE)
    for arguments in commands:
        build_parser().parse_args([argument.replace("NAME", "semi") for argument in arguments])
