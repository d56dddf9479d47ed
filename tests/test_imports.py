"""Imports go one way, folder by folder. This reads the imports of every file; only the last tests run some."""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "imagenet_s"

# Each room may import the rooms of the lines above its own, and itself; not its neighbours in one line.
CONVERSION = """
core, matched_miou
facts
images
converted
masks
imagenet, annotations, transforms
dataset
shards, official_tree, export, loader_check, submission
hub, acceptance
"""
FLOORS = [[room.strip() for room in line.split(",")] for line in CONVERSION.strip().split("\n")]
ROOMS: dict[str, set[str]] = {}
for line in FLOORS:
    below = set(ROOMS)
    for room in line:
        ROOMS[room] = below | {room}
ROOMS["synthetic"] = {"synthetic", "core", "facts", "masks"}
ROOMS["conversion"] = set(ROOMS)  # __init__: names that are imported when they are used
METRICS = {"core", "matched_miou", "facts", "masks"}
for room, neighbours in {
    "evaluation": set(),
    "saliency": {"evaluation"},
    "localization": {"saliency", "metrics"},  # by the package's name: evaluate copies the file elsewhere
    "distance_matching": set(),
    "torch": set(),
    "class_ranks": set(),
    "region_accuracy": {"class_ranks"},
    "reliance": {"class_ranks"},
    "comparison": {"saliency", "reliance", "region_accuracy", "class_ranks"},
    "metrics": {"saliency", "comparison", "region_accuracy", "reliance"},
}.items():
    ROOMS[room] = {room} | METRICS | neighbours
ROOMS["report"] = set(ROOMS) | {"report"}
ROOMS["cli"] = set(ROOMS) | {"cli"}
ROOMS["imagenet_s"] = set(ROOMS) - {"cli"}


def room_of(module: str) -> str:
    """The room that a module of the package belongs to."""
    names = module.split(".")[1:]
    if names[:1] in (["conversion"], ["metrics"]) and len(names) > 1:
        return names[1]
    return names[0] if names and names[0] in ("conversion", "metrics", "report", "cli") else PACKAGE


def imported_modules(path: Path, package: str) -> set[str]:
    modules = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                base = ".".join([*parents[: len(parents) - node.level + 1], *([base] if base else [])])
            # `from package import module` names a part where the package's own name does not.
            inner = {f"{base}.{alias.name}" for alias in node.names}
            rooms = {name for name in inner if room_of(name) in ROOMS and room_of(name) != room_of(base)}
            modules |= rooms or {base}
    return {name for name in modules if name.split(".")[0] == PACKAGE}


def source_files() -> list[Path]:
    folders = ("conversion", "metrics", "report", "cli")
    return [ROOT / "imagenet_s.py", *(file for folder in folders for file in sorted((ROOT / folder).rglob("*.py")))]


def module_of(path: Path) -> str:
    names = path.relative_to(ROOT).with_suffix("").parts
    return ".".join([PACKAGE, *(name for name in names if name not in ("__init__", PACKAGE))])


@pytest.mark.parametrize("path", source_files(), ids=module_of)
def test_imports_go_one_way(path: Path) -> None:
    module = module_of(path)
    room = room_of(module)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for other in {room_of(name) for name in imported_modules(path, package)}:
        assert other in ROOMS[room], f"{module} ({room}) must not import {other}"


def test_nothing_but_init_at_the_top_of_conversion() -> None:
    assert [path.name for path in (ROOT / "conversion").glob("*.py")] == ["__init__.py"]


def test_no_module_name_twice() -> None:
    """A name says which module is meant. `app.py` is what a Space is started by."""
    names = Counter(path.name for path in source_files())
    assert {name for name, times in names.items() if times > 1} <= {"__init__.py", "app.py"}


def test_no_public_class_twice() -> None:
    """`imagenet_s.metrics.torch.MatchedIoU` is the one of `imagenet_s.metrics` for tensors; both names are promised."""
    classes = Counter(
        node.name
        for path in source_files()
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert {name for name, times in classes.items() if times > 1} <= {"MatchedIoU"}


RELATIVE = [path for path in source_files()[1:] if path.parent.name != "localization"]


@pytest.mark.parametrize("path", RELATIVE, ids=module_of)
def test_imports_are_relative(path: Path) -> None:
    """An editor finds them in a checkout, where no folder is called as the package.

    `evaluate` and a Space take the files of `metrics/localization` out of the package.
    """
    if path.parent.name == "localization":
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        assert PACKAGE not in {name.split(".")[0] for name in names}, f"{path}:{getattr(node, 'lineno', 0)}"


def test_every_room_exists() -> None:
    assert {room_of(module_of(path)) for path in source_files()} == set(ROOMS)


@pytest.mark.parametrize("folder", sorted({path.parent for path in source_files()} - {ROOT}), ids=lambda p: p.name)
def test_every_folder_says_what_lives_there(folder: Path) -> None:
    init = folder / "__init__.py"
    assert init.is_file(), f"{folder.relative_to(ROOT)} has no __init__.py"
    assert ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))), f"{init.relative_to(ROOT)} has no docstring"


def test_the_test_would_notice(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text(
        "from imagenet_s import categories\nfrom ..conversion import shards\nimport imagenet_s.cli.main\n"
        "from imagenet_s.conversion.dataset.builder import ImageNetS\n"
    )
    rooms = {room_of(module) for module in imported_modules(bad, "imagenet_s.metrics")}
    assert rooms == {"imagenet_s", "shards", "cli", "dataset"}
    assert not rooms & ROOMS["evaluation"]


LIGHT = {"conversion", "core", "facts"}


@pytest.mark.parametrize(
    ("code", "ours"),
    [
        ("import imagenet_s.conversion.facts", LIGHT),
        ("import imagenet_s", LIGHT),
        ("from imagenet_s.cli.main import build_parser; build_parser()", LIGHT | {"submission", "cli"}),
    ],
)
def test_light_imports(code: str, ours: set[str]) -> None:
    """Reading facts and `imagenet-s --help` load no more of ours than they need, and nothing heavy."""
    code += f"\nimport sys; print(*sorted(m for m in sys.modules if m.startswith('{PACKAGE}.')))"
    code += "\nprint(*sorted({'datasets', 'pyarrow', 'numpy', 'scipy', 'PIL'} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    loaded, heavy = out.split("\n")[:2]
    assert {room_of(module) for module in loaded.split()} == ours
    assert not heavy


def test_test_modules_have_names_of_their_own() -> None:
    """pytest imports them by name alone: of two with one name, only the first could be collected."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name not in ("conftest.py", "__init__.py")]
    assert sorted(names) == sorted(set(names))
