"""What all tests share: the miniature in every form, written once a run, and a cache of their own."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import datasets
import hypothesis
import pytest

from imagenet_s.conversion.synthetic import write_annotations, write_imagenet, write_official_tree

datasets.disable_progress_bars()
# The same examples in every run: a test fails for what was changed. HYPOTHESIS_PROFILE=default draws others.
hypothesis.settings.register_profile("repeatable", derandomize=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
# A background job ignores Ctrl-C, and what nohup starts a hang-up: so would the processes that the tests interrupt.
for name, handler in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
    if (number := getattr(signal, name, None)) is not None and signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing is read from or written to the cache of whoever runs the tests, and nothing is fetched from afar."""
    cache = tmp_path_factory.mktemp("hf")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(cache))
    monkeypatch.setattr(datasets.config, "HF_UPDATE_DOWNLOAD_COUNTS", False)
    monkeypatch.delenv("IMAGENET_S_DATA_DIR", raising=False)
    monkeypatch.delenv("IMAGENET_S_ANNOTATIONS_DIR", raising=False)
    monkeypatch.setenv("IMAGENET_S_ENDPOINT", "http://127.0.0.1:9")  # the discard port: nothing answers
    return cache


@pytest.fixture(scope="session")
def miniature(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The miniature in a layout, written when it is first asked for; "tree-919" and the like are official trees."""
    written: dict[str, Path] = {}

    def in_layout(layout: str) -> Path:
        if layout not in written:
            root = tmp_path_factory.mktemp(layout)
            if layout.startswith("tree-"):
                write_official_tree(root, layout.removeprefix("tree-"))
                written[layout] = root
            else:
                written[layout] = Path(write_imagenet(root, layout))
        return written[layout]

    return in_layout


@pytest.fixture(scope="session")
def annotations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The miniature's archives and lists under their original names."""
    folder = tmp_path_factory.mktemp("annotations")
    write_annotations(folder, "archives")
    return folder


@pytest.fixture(scope="session")
def evaluate_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """evaluate copies modules into a cache: not the user's, in tests; one for all, as Python imports from the first."""
    import evaluate.config
    import evaluate.loading

    patch = pytest.MonkeyPatch()
    home = tmp_path_factory.mktemp("evaluate")
    patch.setattr(evaluate.config, "HF_MODULES_CACHE", str(home / "modules"))
    patch.setattr(evaluate.config, "HF_METRICS_CACHE", home / "metrics")
    yield
    patch.undo()
