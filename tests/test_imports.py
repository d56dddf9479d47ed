"""Imports go one way, and every file says so itself: this reads the imports, it does not run them."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "imagenet_s"

# part -> the parts it may import, besides itself
ALLOWED = {
    "metrics": set(),
    "conversion": set(),
    "builder": {"conversion"},  # imagenet_s.py itself
    "cli": {"builder", "conversion", "metrics"},
}
# a submission's match.json is read by the metric's own reader
EXCEPTIONS = {("conversion/submission", "imagenet_s.metrics.matched_miou.matching")}


def part_of(module: str) -> str:
    names = module.split(".")
    return names[1] if len(names) > 1 and names[1] in ALLOWED else "builder"


def imported_modules(path: Path, package: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                base = ".".join([*parents[: len(parents) - node.level + 1], *([base] if base else [])])
            found.add(base)
            if base == PACKAGE:
                found |= {f"{base}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] == PACKAGE}


def source_files() -> list[Path]:
    return [
        ROOT / "imagenet_s.py",
        *(f for part in ("conversion", "metrics", "cli") for f in (ROOT / part).rglob("*.py")),
    ]


@pytest.mark.parametrize("path", source_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    relative = path.relative_to(ROOT)
    own = "builder" if len(relative.parts) == 1 else relative.parts[0]
    package = ".".join([PACKAGE, *relative.parts[:-1]])
    for module in imported_modules(path, package):
        other = part_of(module)
        excepted = (relative.parent.as_posix(), module) in EXCEPTIONS
        assert other == own or other in ALLOWED[own] or excepted, (
            f"{relative} ({own}) must not import {module} ({other})"
        )


@pytest.mark.parametrize("folder", sorted({p.parent for p in source_files()} - {ROOT}), ids=lambda p: p.name)
def test_every_folder_says_what_lives_there(folder: Path) -> None:
    init = folder / "__init__.py"
    assert init.is_file(), f"{folder.relative_to(ROOT)} has no __init__.py"
    assert ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))), f"{init.relative_to(ROOT)} has no docstring"


def test_the_test_would_notice(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("from imagenet_s import categories\nfrom ..conversion import masks\nimport imagenet_s.cli.main\n")
    assert {part_of(m) for m in imported_modules(bad, "imagenet_s.metrics")} == {"builder", "conversion", "cli"}
