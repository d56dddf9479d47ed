"""The name "imagenet_s" in `datasets`, and what importing the package imports."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import datasets
import pytest
from datasets import get_dataset_config_names, load_dataset

import imagenet_s
from imagenet_s.conversion.dataset.registration import register_builder
from imagenet_s.conversion.synthetic import expected_rows

NAME = ("imagenet_s", "imagenet_s.conversion.dataset.builder", "imagenet_s.load_dataset(...)")


def test_the_name_is_registered() -> None:
    assert get_dataset_config_names("imagenet_s") == ["50", "300", "919"]
    assert imagenet_s.ImageNetS.DEFAULT_CONFIG_NAME == "919"


def test_registering_twice_changes_nothing() -> None:
    before = datasets.load.dataset_module_factory
    assert register_builder(*NAME)
    assert datasets.load.dataset_module_factory is before


def test_a_datasets_that_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.load, "dataset_module_factory", lambda where: None)
    with pytest.warns(RuntimeWarning, match=r"load_dataset\('imagenet_s'\).*use imagenet_s.load_dataset\(...\)"):
        assert not register_builder(*NAME)


def test_a_local_folder_of_the_name_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "imagenet_s").mkdir()
    (tmp_path / "imagenet_s" / "data.csv").write_text("number\n7\n")
    monkeypatch.chdir(tmp_path)
    assert load_dataset("imagenet_s", split="train")[0] == {"number": 7}


def run_python(code: str, tmp_path: Path) -> str:
    environment = {**os.environ, "HF_DATASETS_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-W", "error::RuntimeWarning", "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "again",
    [
        "importlib.reload(imagenet_s)",
        "importlib.reload(imagenet_s); importlib.reload(imagenet_s)",
        "del sys.modules['imagenet_s']; import imagenet_s",
        "import datasets; importlib.reload(imagenet_s)",
    ],
)
def test_a_module_that_is_executed_again(again: str, tmp_path: Path) -> None:
    """As notebooks with autoreload do, before `datasets` is imported or after."""
    code = f"import imagenet_s, importlib, sys\n{again}\nimport datasets\n"
    code += "print(*datasets.get_dataset_config_names('imagenet_s'), len(imagenet_s.categories('50')))\n"
    code += "print(sum('imagenet_s' in type(finder).__module__ for finder in sys.meta_path))"
    assert run_python(code, tmp_path).split() == ["50", "300", "919", "51", "0"]


def test_importing_it_imports_no_large_library(tmp_path: Path) -> None:
    code = 'import sys, imagenet_s; print(*{"datasets", "pyarrow", "numpy"} & {*sys.modules})'
    assert run_python(code, tmp_path).split() == []


@pytest.mark.parametrize(
    "imports",
    [
        "import imagenet_s, datasets",
        "import datasets, imagenet_s",
        pytest.param("import imagenet_s; from datasets import load_dataset; import datasets", marks=pytest.mark.slow),
        pytest.param("import imagenet_s.conversion.dataset.builder, datasets", marks=pytest.mark.slow),
    ],
)
def test_any_order_of_imports(
    imports: str, miniature: Callable[[str], Path], annotations: Path, tmp_path: Path
) -> None:
    options = f"data_dir={str(miniature('folders'))!r}, annotations_dir={str(annotations)!r}, verify=False"
    load = f'print(len(datasets.load_dataset("imagenet_s", "50", split="test", {options})))'
    assert run_python(f"{imports}\n{load}", tmp_path).split() == [str(len(expected_rows("50", "test")))]
