"""A few damaged inputs for every reader, and every input that was a finding once. `make fuzz` gives thousands."""

import json
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest
from command_target import COMMANDS
from fuzz import CASES
from hypothesis import given, settings
from hypothesis import strategies as st
from judge import Judge, Target, problem_of
from targets import TARGETS

from imagenet_s.conversion.converted.dataset_index import parse_index
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.submission.method_file import Method, method_problem
from imagenet_s.metrics.matched_miou.matching import parse_match

INPUTS = 60
SEED = 12
ALL = {target.name: target for target in (*TARGETS, COMMANDS)}
SAVED = sorted(path.relative_to(CASES).as_posix() for path in CASES.glob("*/*"))


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.mark.parametrize("target", ALL.values(), ids=list(ALL))
def test_damaged_input(target: Target, tmp_path: Path) -> None:
    judge = Judge(target, tmp_path)
    for number, (label, data) in enumerate(target.inputs(INPUTS, SEED)):
        verdict = judge.verdict(label, data)
        assert verdict in ("right", "refused"), f"input {number}, {label}"


@pytest.mark.parametrize("target", TARGETS, ids=[item.name for item in TARGETS])
def test_sound_input(target: Target, tmp_path: Path) -> None:
    """What is not damaged is read: a reader that refused everything would pass the other tests."""
    if target.name == "results-entry" and not hasattr(huggingface_hub, "EvalResultEntry"):
        pytest.skip("huggingface_hub 1.4 introduced evaluation results")
    judge = Judge(target, tmp_path)
    for label, data in target.samples().items():
        want = "refused" if (target.name, label) in REFUSED else "right"
        assert judge.verdict(label, data) == want, label


REFUSED: set[tuple[str, str]] = set()


@pytest.mark.parametrize("case", SAVED)
def test_finding(case: str, tmp_path: Path) -> None:
    name, _, file = case.partition("/")
    judge = Judge(ALL[name], tmp_path)
    assert judge.verdict(file.rpartition(".")[0], (CASES / case).read_bytes()) in ("right", "refused")


def test_a_reader_that_fails_is_found(tmp_path: Path) -> None:
    """The judge itself: each kind of finding."""

    def read(data: bytes, folder: Path) -> int:
        if data == b"key":
            return {}["x"]
        if data == b"value":
            raise ValueError("x")
        return len(data)

    judge = Judge(Target("t", lambda: {"sound": b"123456"}, read, same=int.__eq__), tmp_path)
    assert judge.verdict("sound", b"654321") == "right"
    assert judge.verdict("sound", b"12345") == "another result than of the undamaged input"
    assert judge.verdict("sound", b"key").startswith("KeyError")
    assert "paragraph" in judge.verdict("sound", b"value")
    assert problem_of(ValueError("a message without the name"), "m.png")
    assert problem_of(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "a message that is long enough"))


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.binary() | json_like.map(json.dumps).map(str.encode))
@settings(max_examples=100, deadline=None)
def test_parsers_of_json(data: bytes) -> None:
    for parse in (lambda: parse_match(data, 50, "match.json"), lambda: parse_index(data, "index.json")):
        assert problem_with(parse) is None


def problem_with(parse: Callable[[], object]) -> str | None:
    try:
        parse()
    except Exception as error:  # noqa: BLE001
        return problem_of(error, ".json")
    return None


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_a_method_of_one_line_makes_a_sound_file(text: str) -> None:
    """Whatever is given: either refused, or a `method.txt` without a problem."""
    try:
        content = Method(name=text).text()
    except ImageNetSError:
        return
    assert method_problem(content) is None
