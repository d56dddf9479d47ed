"""What the README and the docstrings show is run, over the miniature."""

import doctest
import importlib
import pkgutil
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import imagenet_s
import imagenet_s.conversion
from imagenet_s.conversion.mask_codec import encode_official_png

README = Path(imagenet_s.__file__).with_name("README.md")
MODULES = ["imagenet_s"] + [
    one.name for one in pkgutil.walk_packages(imagenet_s.conversion.__path__, "imagenet_s.conversion.") if not one.ispkg
]


def blocks(marker: str) -> str:
    """The Python blocks of the README from a heading to the next one of that level."""
    text = README.read_text(encoding="utf-8")
    section = re.split(r"^## ", text.split(f"## {marker}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    return "\n".join(re.findall(r"```python\n(.*?)```", section, re.DOTALL))


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


def test_readme(
    miniature: Callable[[str], Path], annotations: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quickstart and the scoring, word for word but for where things are."""
    monkeypatch.chdir(tmp_path)
    Path("official.png").write_bytes(encode_official_png(np.array([[0, 919, 1000]], np.uint16)))
    where = f'data_dir="{miniature("folders")}", annotations_dir="{annotations}", verify=False'
    code = blocks("Quickstart").split("model = ")[0] + blocks("Scoring")
    code = re.sub(r'data_dir=("/data/imagenet"|\.\.\.)', lambda _: where, code)
    code = code.replace("### ", "# ").replace(
        "row[", "masks = [np.asarray(ds['validation'][0]['annotation'])]\nrow[", 1
    )
    code = code.replace("predictions=masks", "predictions=[np.where(one == 1000, 0, one) for one in masks]")
    names: dict[str, object] = {"np": np}
    exec(code, names)
    assert names["ids"].tolist() == [[0, 919, 1000]]
    assert names["result"]["f_measure"] == 1.0
    assert len(names["val"].features) == 5


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
    for row in re.findall(r"^\| (`.*?) \|", (root / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE):
        first, *others = re.findall(r"`([\w./]+)`", row)
        for one in (first, *others):
            assert (root / one).exists() or (root / first).parent.joinpath(one).exists(), f"CONTRIBUTING names {one}"
