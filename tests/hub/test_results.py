"""`imagenet-s results`: entries that the stock client reads, a pull request over HTTP, verified results files."""

import json
import sys
import types
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import pytest
import yaml
from hub_server import HubServer, Repository

from imagenet_s.cli.main import main
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.facts import image_set_digest, recognise_split
from imagenet_s.conversion.hub import eval_results
from imagenet_s.metrics import MatchedIoU

needs_entries = pytest.mark.skipif(
    not hasattr(huggingface_hub, "EvalResultEntry"), reason="huggingface_hub 1.4 introduced evaluation results"
)
TO = ["--model", "me/model", "--dataset", "me/imagenet-s", "--i-followed-the-rules", "--any-images"]


@pytest.fixture
def metric() -> MatchedIoU:
    generator = np.random.default_rng(0)
    metric = MatchedIoU(50)
    for i in range(4):
        metric.update(generator.integers(0, 51, (9, 8)), generator.integers(0, 51, (9, 8)), f"n01443537/val_{i}.png")
    return metric


@pytest.fixture
def counts(metric: MatchedIoU, tmp_path: Path) -> str:
    metric.save(tmp_path / "counts.npz")
    return str(tmp_path / "counts.npz")


@pytest.fixture
def results(tmp_path: Path, counts: str) -> Callable[..., Path]:
    """Writes a results file by `evaluate --json`."""

    def write(*arguments: str) -> Path:
        assert main(["evaluate", "--counts", counts, "--json", str(tmp_path / "results.json"), *arguments]) == 0
        return tmp_path / "results.json"

    return write


def parse(file: Path) -> list[Any]:
    return huggingface_hub.parse_eval_result_entries(yaml.safe_load(file.read_text(encoding="utf-8")))


@needs_entries
def test_the_stock_client_reads_what_is_written(metric: MatchedIoU, counts: str, tmp_path: Path) -> None:
    output = tmp_path / "model" / ".eval_results" / "imagenet-s.yaml"
    assert main(["results", counts, *TO, "--protocol", "unsupervised", "--output", str(output)]) == 0
    expected = metric.compute("hungarian")
    entries = {entry.task_id: entry for entry in parse(output)}
    assert entries.keys() == {f"50_validation_unsupervised_hungarian_{figure}" for figure in eval_results.FIGURES}
    for figure in eval_results.FIGURES:
        entry = entries[f"50_validation_unsupervised_hungarian_{figure}"]
        assert (entry.dataset_id, entry.value) == ("me/imagenet-s", round(100 * expected[figure], 4))
        assert "not the official images" in entry.notes
        assert metric.digest()[:16] in entry.notes


@needs_entries
def test_other_entries_are_kept_and_own_ones_replaced(counts: str, tmp_path: Path) -> None:
    output = tmp_path / "results.yaml"
    theirs = {"dataset": {"id": "somebody/else", "task_id": "default"}, "value": 1, "notes": "é"}
    output.write_text(yaml.safe_dump([theirs]), encoding="utf-8")
    for protocol in ("unsupervised", "free", "free"):
        assert main(["results", counts, *TO, "--protocol", protocol, "--output", str(output)]) == 0
    written = yaml.safe_load(output.read_text(encoding="utf-8"))
    assert written[0] == theirs
    assert len(written) == 1 + 2 * len(eval_results.FIGURES)


@needs_entries
@pytest.mark.parametrize("content", ["a: 1", "- 7", "[", "- dataset: {id: x}", "- 2026-99-99", "[" * 1000])
def test_a_foreign_file_is_kept(counts: str, tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "results.yaml"
    output.write_text(content, encoding="utf-8")
    assert main(["results", counts, *TO, "--protocol", "free", "--output", str(output)]) == 1
    assert "move it away" in capsys.readouterr().err
    assert output.read_text(encoding="utf-8") == content


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"mean_iou": float("inf")}, "mean_iou"),
        ({"f_measure": float("nan")}, "f_measure"),
        ({"image_accuracy": 10**400}, "image_accuracy"),
        ({"mean_iou": True}, "mean_iou"),
        ({"matching": {"1": 10**400}}, "the match"),
        ({"matching": {"1": float("inf")}}, "the match"),
        ({"matching": {"\u0661" * 10: 1}}, "the match"),
    ],
)
def test_numbers_that_no_run_has(results: Callable[..., Path], change: dict[str, Any], what: str, capsys) -> None:
    """JSON as Python reads it knows infinities and numbers of any length."""
    file = results("--matching", "hungarian")
    file.write_text(json.dumps({**json.loads(file.read_text(encoding="utf-8")), **change}), encoding="utf-8")
    output = file.with_name("results.yaml")
    assert main(["results", str(file), *TO, "--protocol", "unsupervised", "--output", str(output)]) == 1
    assert not output.exists()
    assert f"{file} is damaged: {what} is not as" in capsys.readouterr().err


def test_rules_are_shown_before_anything_is_written(
    counts: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [argument for argument in TO if argument != "--i-followed-the-rules"]
    output = tmp_path / "results.yaml"
    assert main(["results", counts, *arguments, "--protocol", "semi", "--output", str(output)]) == 1
    shown = capsys.readouterr()
    assert "start from weights that were trained with labels" in shown.out
    assert "--i-followed-the-rules" in shown.err
    assert not output.exists()


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--model", "me/a/b", "--model me/a/b: expected a name as me/model"),
        ("--model", "https://huggingface.co/me/model", "Did you mean me/model?"),
        ("--dataset", "hf://datasets/me/imagenet-s", "Did you mean me/imagenet-s?"),
        ("--dataset", "me/im age", "--dataset me/im age: expected a name as me/imagenet-s"),
        ("--date", "yesterday", "--date yesterday: expected a date as 2026-11-25"),
        ("--date", "2026-13-01", "expected a date"),
        ("--source-url", "arXiv 2106.03149", "--source-url arXiv 2106.03149: expected the address of a page"),
    ],
)
def test_what_the_hub_would_refuse_is_refused_before(
    option: str, value: str, message: str, counts: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --push nobody else would look at it."""
    out = tmp_path / "results.yaml"
    assert main(["results", counts, *TO, "--protocol", "free", "--output", str(out), option, value]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not out.exists()


def test_other_images_are_refused(counts: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["results", counts, *TO[:-1], "--protocol", "free"]) == 1
    assert "4 images, which are not exactly those" in capsys.readouterr().err


@needs_entries
def test_another_matching_is_refused(results: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    file = str(results("--matching", "pixel"))
    assert main(["results", file, *TO, "--protocol", "unsupervised"]) == 1
    error = capsys.readouterr().err
    assert "compared under the matching 'hungarian'" in error
    assert "the saved counts (`imagenet-s evaluate --save-counts`)" in error
    assert main(["results", file, *TO, "--protocol", "free"]) == 1
    assert "score predictions of class ids without a match" in capsys.readouterr().err


@needs_entries
def test_the_saved_counts_are_matched_as_the_protocol_says(
    results: Callable[..., Path], counts: str, tmp_path: Path
) -> None:
    """What a refused results file is answered with works."""
    file = json.loads(results("--matching", "hungarian").read_text(encoding="utf-8"))
    output = tmp_path / "results.yaml"
    assert main(["results", counts, *TO, "--protocol", "unsupervised", "--output", str(output)]) == 0
    assert f"value: {100 * file['mean_iou']:.4f}".rstrip("0") in output.read_text(encoding="utf-8")


def test_the_record_has_the_version_of_what_matched(results: Callable[..., Path]) -> None:
    """munkres 1.1.4 and 3.0.0 return different matches of one sum."""
    versions = [
        json.loads(results("--matching", matching).read_text(encoding="utf-8"))["run"]["versions"]
        for matching in ("munkres", "hungarian")
    ]
    assert versions[0] == {**versions[1], "munkres": metadata.version("munkres")}


@pytest.mark.parametrize("matching", ["none", "hungarian", "majority"])
def test_verify(results: Callable[..., Path], counts: str, matching: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = results("--matching", matching)
    assert main(["results", str(file), "--verify", counts]) == 0
    good = json.loads(file.read_text(encoding="utf-8"))
    spoiled = [
        {**good, "mean_iou": good["mean_iou"] + 1e-12},
        {**good, "per_category_iou": [0.5, *good["per_category_iou"][1:]]},
        {**good, "run": {**good["run"], "counts_sha256": "0" * 64}},
        {**good, "run": {**good["run"], "split": "validation"}},
        {key: value for key, value in good.items() if key != "f_measure_"} | {"f_measure": None},
    ]
    for record in spoiled:
        file.write_text(json.dumps(record), encoding="utf-8")
        assert main(["results", str(file), "--verify", counts]) == 1
        assert "1 differences" in capsys.readouterr().err


def test_a_match_that_was_not_computed(results: Callable[..., Path], counts: str, metric: MatchedIoU) -> None:
    """Somebody's own match under the name of the official one."""
    file = results("--matching", "hungarian")
    data = json.loads(file.read_text(encoding="utf-8"))
    other = dict(zip(data["matching"], [0, *reversed(list(data["matching"].values())[1:])]))
    computed = metric.compute({int(cluster): label for cluster, label in other.items()})
    figures = {key: None if value != value else value for key, value in computed.items()}
    file.write_text(json.dumps({**data, **figures, "matching": other}), encoding="utf-8")
    assert main(["results", str(file), "--verify", counts]) == 1


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"run": 7}', '{"run": {}}', "[" * 100_000])
def test_no_results_file(tmp_path: Path, content: str, counts: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "results.json").write_text(content, encoding="utf-8")
    assert main(["results", str(tmp_path / "results.json"), "--verify", counts]) == 1
    assert "evaluate --json" in capsys.readouterr().err


@needs_entries
def test_a_pull_request(hub: HubServer, command: Any, counts: str, metric: MatchedIoU) -> None:
    theirs = b"- dataset: {id: somebody/else, task_id: default}\n  value: 1\n"
    repository = hub.repositories["model", "you/model"] = Repository(False, [{eval_results.RESULTS_FILE: theirs}])
    done = command("results", counts, *TO, "--protocol", "unsupervised", "--model", "you/model", "--push")
    assert f"{hub.url}/you/model/discussions/1" in done.stdout
    assert repository.files == {eval_results.RESULTS_FILE: theirs}, "only its owner merges"
    [proposed] = repository.pull_requests
    entries = huggingface_hub.parse_eval_result_entries(yaml.safe_load(proposed[eval_results.RESULTS_FILE]))
    assert [entry.dataset_id for entry in entries] == ["somebody/else", *4 * ["me/imagenet-s"]]
    assert entries[1].value == round(100 * metric.compute("hungarian")["mean_iou"], 4)


@needs_entries
def test_no_pull_request(command: Any, counts: str) -> None:
    arguments = ["results", counts, *TO, "--protocol", "free", "--push"]
    command(*arguments, token=None, refused="no token for the Hub")
    command(*arguments, refused="no such repository")


@needs_entries
def test_a_pull_request_without_a_connection(hub: HubServer, command: Any, counts: str) -> None:
    """One message that says what could not be reached and what to do, not that of the library."""
    hub.url = "http://127.0.0.1:9"
    arguments = ["results", counts, *TO, "--protocol", "free", "--push"]
    error = command(*arguments, refused="the same command tries it again").stderr
    assert "opening a pull request on me/model: the connection to http://127.0.0.1:9 failed" in error
    assert "what has arrived" not in error


def test_the_benchmark_file_names_every_task() -> None:
    content = eval_results.benchmark_file({"50": ["train_semi", "validation"], "919": ["validation"]})
    assert content is not None
    described = yaml.safe_load(content)
    tasks = {task["id"]: task for task in described["tasks"]}
    assert {"name", "description", "evaluation_framework"} < described.keys()
    for protocol, matching in eval_results.PROTOCOL_MATCHINGS.items():
        assert tasks[f"919_validation_{protocol}_{matching}_mean_iou"]["split"] == "validation"
    assert len(tasks) == len(described["tasks"]) == 2 * 4 * 4
    assert eval_results.benchmark_file({"50": ["train"]}) is None


def test_digests_of_counts_and_images(metric: MatchedIoU) -> None:
    """They depend on what was counted, not on the order."""
    backwards = MatchedIoU(50)
    for name, rows in reversed(list(zip(metric.names, metric._rows))):
        backwards.update_counts(rows[::-1], name)
    assert backwards.digest() == metric.digest()
    assert len({metric.digest(), MatchedIoU(50).digest(), MatchedIoU(51).digest()}) == 3
    assert image_set_digest(["ILSVRC2012_val_00000001"]) != image_set_digest(["ILSVRC2012_val_00000002"])
    assert recognise_split(image_set_digest(["ILSVRC2012_val_00000001"])) is None


def test_an_old_client(monkeypatch: pytest.MonkeyPatch) -> None:
    older = types.ModuleType("huggingface_hub")
    older.__version__ = "1.3.0"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "huggingface_hub", older)
    run = eval_results.ScoredRun("50", "validation", "free", "none", dict.fromkeys(eval_results.FIGURES, 0.5))
    with pytest.raises(ImageNetSError, match="pip install --upgrade"):
        eval_results.result_entries(run, "me/imagenet-s")


@needs_entries
def test_what_a_model_publishes_is_verified(
    counts: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "imagenet-s.yaml"
    for protocol in ("unsupervised", "free"):
        assert main(["results", counts, *TO, "--protocol", protocol, "--output", str(output)]) == 0
    assert main(["results", str(output), "--verify", counts]) == 1
    assert "split validation in the file, None from the counts" in capsys.readouterr().out
    record = {"split": "validation"}
    monkeypatch.setattr("imagenet_s.cli.commands.results.run_record", lambda metric: record)
    assert main(["results", str(output), "--verify", counts]) == 0
    assert "8 figures, 4 images" in capsys.readouterr().out
    good = output.read_text(encoding="utf-8")
    entries = yaml.safe_load(good)
    for change in (
        {"value": entries[0]["value"] + 0.0001},
        {"notes": entries[0]["notes"].replace("counts sha256 ", "counts sha256 0")},
        {
            "dataset": {
                **entries[0]["dataset"],
                "task_id": "300" + entries[0]["dataset"]["task_id"].lstrip("1234567890"),
            }
        },
    ):
        output.write_text(yaml.safe_dump([{**entries[0], **change}, *entries[1:]]), encoding="utf-8")
        assert main(["results", str(output), "--verify", counts]) == 1
        assert "1 difference." in capsys.readouterr().err
    for content, message in (("a: [", "no list"), ("- 1", "no list"), ("[]", "no result on ImageNet-S")):
        output.write_text(content, encoding="utf-8")
        assert main(["results", str(output), "--verify", counts]) == 1
        assert message in capsys.readouterr().err
