"""Imports go one way, folder by folder. This reads the imports of every file; only the last tests run some."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "imagenet_s"

# Part -> the parts that it may import besides itself. A part is a folder, or a module beside folders; "imagenet_s" is
# imagenet_s.py. Each line may name only parts of the lines above it, so there are no circles.
BASE = {
    *("conversion.errors", "conversion.hub_errors", "conversion.atomic_write", "conversion.cache"),
    *("conversion.hub_cache", "conversion.overlap", "conversion.process_pool", "conversion.facts"),
}
CODECS = {
    *("conversion.arguments", "conversion.inspection"),
    *("conversion.dataset_index", "conversion.mask_codec", "conversion.image_header", "conversion.exif"),
    *("conversion.features", "conversion.shuffling"),
}
READERS = {"conversion.imagenet", "conversion.annotations"}
PLANS = {
    *("conversion.pairs", "conversion.source", "conversion.selection"),
    *("conversion.split_plan", "conversion.plan_check"),
}
ALLOWED: dict[str, set[str]] = {
    "conversion.errors": set(),
    "conversion.hub_errors": {"conversion.errors"},
    "conversion.hub_cache": set(),
    "conversion.atomic_write": set(),
    "conversion.cache": {"conversion.errors", "conversion.atomic_write"},
    "conversion.overlap": {"conversion.errors"},
    "conversion.process_pool": set(),
    "conversion.facts": {"conversion.errors"},
    "conversion.registration": set(),
    "conversion.version": set(),
    "conversion.shuffling": set(),
    "conversion.dataset_index": {"conversion.errors", "conversion.facts"},
    "conversion.image_header": {"conversion.errors"},
    "conversion.mask_codec": {"conversion.errors", "conversion.facts", "conversion.image_header"},
    "conversion.exif": {"conversion.errors", "conversion.image_header"},
    "conversion.inspection": {"conversion.errors", "conversion.image_header", "conversion.exif"},
    "conversion.features": {"conversion.facts"},
    "conversion.target_mask": {"conversion.errors", "conversion.facts", "conversion.mask_codec"},
    "conversion.class_colors": {"conversion.facts"},
    "conversion.visualization": {"conversion.class_colors", "conversion.errors", "conversion.facts"}
    | {"conversion.mask_codec"},
    "conversion.synthetic": {"conversion.errors", "conversion.facts", "conversion.mask_codec"},
    "conversion.arguments": {"conversion.errors", "conversion.facts"},
    "conversion.imagenet": BASE | CODECS,
    "conversion.annotations": BASE | CODECS,
    "conversion.pairs": BASE | CODECS | READERS,
    "conversion.source": BASE | CODECS | READERS,
    "conversion.selection": BASE | CODECS | READERS | {"conversion.source"},
    "conversion.split_plan": BASE
    | CODECS
    | READERS
    | {"conversion.pairs", "conversion.source"}
    | {"conversion.selection"},
    "conversion.plan_check": BASE | CODECS | READERS | {"conversion.split_plan"},
    "conversion.subset": BASE | CODECS | READERS | PLANS,
    "conversion.transforms": {"conversion.errors", "conversion.exif", "conversion.facts"},
    "conversion.examples": BASE | CODECS | READERS | {"conversion.pairs"},
    "conversion.shards": BASE | CODECS | READERS | PLANS | {"conversion.examples"},
    "conversion.official_tree": BASE | CODECS | READERS | PLANS,
    "conversion.export": BASE | CODECS | READERS | PLANS | {"conversion.examples"},
    "conversion.loader_check": BASE | CODECS | READERS | PLANS,
    # How a match.json is read is the metric's affair: the one import from here into metrics.
    "metrics.matched_miou": set(),
    "conversion.submission": BASE | CODECS | READERS | PLANS | {"metrics.matched_miou"},
    "conversion.hub": BASE | CODECS | {"conversion.shards", "conversion.submission"},
    "conversion.dataset_config": CODECS | READERS | {"conversion.source", "conversion.selection"},
    "conversion.split_builder": BASE
    | CODECS
    | READERS
    | PLANS
    | {"conversion.dataset_config", "conversion.examples", "conversion.shards"},
    "conversion.builder": BASE | CODECS | PLANS | {"conversion.split_builder", "conversion.version"},
    "conversion.load": {"conversion.builder"},
    "conversion.acceptance": BASE
    | CODECS
    | READERS
    | PLANS
    | {"conversion.builder", "conversion.shards", "metrics.matched_miou"},
    # PredictionWriter and check_loader, imported when they are used.
    "conversion": {"conversion.submission", "conversion.loader_check"},
    "imagenet_s": BASE
    | {"conversion.builder", "conversion.dataset_config", "conversion.registration"}
    | {"conversion.version", "conversion.load"}
    | {"conversion.mask_codec", "conversion.target_mask", "conversion.subset"},
    "metrics.process_pool": set(),
    "metrics.report": set(),
    "metrics.distance_matching": {"metrics.matched_miou"},
    "metrics.evaluation": {"metrics.matched_miou", "metrics.process_pool"},
    "metrics.torch": {"metrics.matched_miou"},
    "metrics.region_accuracy": set(),
    "metrics.localization": set(),
    "metrics.map_evaluation": {"metrics.localization", "metrics.evaluation", "metrics.process_pool"},
    "metrics.comparison": {"metrics.localization", "metrics.matched_miou"},
    "metrics": {"metrics.matched_miou", "metrics.localization", "metrics.comparison", "metrics.region_accuracy"},
    "cli.output": {"conversion.errors", "metrics.matched_miou"},  # the latter when it is used
    "cli.existing_files": {"conversion.errors"},
    "cli.next_steps": set(),
    "cli.option_names": set(),
    "cli.local_paths": {"conversion.arguments"},
    "cli.process": {"cli.option_names"},
    "cli.parsers": {"conversion.errors", "conversion.facts", "conversion.arguments", "conversion.submission"},
    "cli.main": {"conversion.version", "conversion.errors", "cli.output", "cli.parsers"}
    | {"cli.existing_files", "cli.local_paths", "cli.option_names", "cli.process"},
}
ALLOWED["cli.run_record"] = set(ALLOWED)
ALLOWED["cli.images_by_id"] = set(ALLOWED)
ALLOWED["cli.mask_pairs"] = {"metrics.evaluation", "metrics.matched_miou"}
ALLOWED["cli.shown_pictures"] = set(ALLOWED)
ALLOWED["cli.report_pictures"] = set(ALLOWED)
ALLOWED["cli.compared_pictures"] = set(ALLOWED)
ALLOWED["cli.show_rows"] = set(ALLOWED)
ALLOWED["cli.commands"] = set(ALLOWED)
ALLOWED["cli"] = set()


def part_of(module: str) -> str:
    """The part that a module of the package belongs to."""
    names = module.split(".")[1:3]
    while names and ".".join(names) not in ALLOWED:
        names.pop()
    return ".".join(names) or "imagenet_s"


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
            # `from package import module` names a part where the package's own name does not.
            inner = {f"{base}.{alias.name}" for alias in node.names}
            found |= {one for one in inner if part_of(one) != part_of(base)} or {base}
    return {name for name in found if name.split(".")[0] == PACKAGE}


def source_files() -> list[Path]:
    folders = ("conversion", "metrics", "cli")
    return [ROOT / "imagenet_s.py", *(file for folder in folders for file in sorted((ROOT / folder).rglob("*.py")))]


def module_of(path: Path) -> str:
    names = path.relative_to(ROOT).with_suffix("").parts
    return ".".join([PACKAGE, *(name for name in names if name not in ("__init__", PACKAGE))])


def test_the_order_has_no_circles() -> None:
    seen: set[str] = set()
    for part, allowed in ALLOWED.items():
        assert allowed <= seen, f"{part} may import {allowed - seen}, which stand below it"
        seen.add(part)


@pytest.mark.parametrize("path", source_files(), ids=module_of)
def test_imports_go_one_way(path: Path) -> None:
    module = module_of(path)
    own = part_of(module)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for other in {part_of(one) for one in imported_modules(path, package)} - {own}:
        assert other in ALLOWED[own], f"{module} ({own}) must not import {other}"


@pytest.mark.parametrize("path", source_files()[1:], ids=module_of)
def test_imports_are_relative(path: Path) -> None:
    """An editor finds them in a checkout, where no folder is called as the package."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        assert PACKAGE not in {name.split(".")[0] for name in names}, f"{path}:{getattr(node, 'lineno', 0)}"


def test_every_part_exists() -> None:
    assert {part_of(module_of(path)) for path in source_files()} == set(ALLOWED)


@pytest.mark.parametrize("folder", sorted({path.parent for path in source_files()} - {ROOT}), ids=lambda p: p.name)
def test_every_folder_says_what_lives_there(folder: Path) -> None:
    init = folder / "__init__.py"
    assert init.is_file(), f"{folder.relative_to(ROOT)} has no __init__.py"
    assert ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))), f"{init.relative_to(ROOT)} has no docstring"


def test_the_test_would_notice(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text(
        "from imagenet_s import categories\nfrom ..conversion import examples\nimport imagenet_s.cli.main\n"
        "from imagenet_s.conversion.shards.resume import PlanRecord\n"
    )
    found = {part_of(module) for module in imported_modules(bad, "imagenet_s.metrics")}
    assert found == {"imagenet_s", "conversion.examples", "cli.main", "conversion.shards"}
    assert not found & ALLOWED["metrics.evaluation"]


LIGHT = {"conversion", "conversion.errors", "conversion.facts", "conversion.version"}


@pytest.mark.parametrize(
    ("code", "ours"),
    [
        ("import imagenet_s.conversion.facts", LIGHT),
        ("import imagenet_s", LIGHT),
        (
            "from imagenet_s.cli.main import build_parser; build_parser()",
            LIGHT
            | {"conversion.arguments", "conversion.submission"}
            | {"cli", "cli.main", "cli.output", "cli.parsers", "cli.existing_files", "cli.local_paths"}
            | {"cli.option_names", "cli.process"},
        ),
    ],
)
def test_light_imports(code: str, ours: set[str]) -> None:
    """Reading facts and `imagenet-s --help` load no more of ours than they need, and nothing heavy."""
    code += f"\nimport sys; print(*sorted(m for m in sys.modules if m.startswith('{PACKAGE}.')))"
    code += "\nprint(*sorted({'datasets', 'pyarrow', 'numpy', 'scipy', 'PIL'} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    loaded, heavy = out.split("\n")[:2]
    assert {part_of(module) for module in loaded.split()} == ours
    assert not heavy


def test_test_modules_have_names_of_their_own() -> None:
    """pytest imports them by name alone: of two with one name, only the first could be collected."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name not in ("conftest.py", "__init__.py")]
    assert sorted(names) == sorted(set(names))
