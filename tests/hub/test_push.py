"""Pushing over real HTTP: what arrives, what is refused, and what an interruption costs."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from stand_in import StandIn

from imagenet_s.conversion.hub import plan_push

LOAD = """
import sys
class No:
    def find_spec(self, name, *rest):
        if name.split(".")[0] == "imagenet_s": raise ImportError("not installed here")
sys.meta_path.insert(0, No())
from datasets import load_dataset
whole = load_dataset("me/imagenet-s", "50", split="validation")
streamed = load_dataset("me/imagenet-s", "50", split="validation", streaming=True)
assert whole[0]["image"].mode == "RGB" and whole[0]["annotation"].mode == "I"
assert [row["image_id"] for row in streamed] == whole["image_id"][:]
print(len(whole))
"""


def test_push_then_load_with_the_stock_client(hub: StandIn, run, converted: Path) -> None:
    done = run(["push", str(converted), "--repo-id", "me/imagenet-s"])
    there = hub.repositories["dataset", "me/imagenet-s"]
    assert there.private
    sent = dict(plan_push(converted, "me/imagenet-s").files)
    assert {path: len(file.data) for path, file in there.files.items() if path != ".gitattributes"} == sent
    assert all(file.data == (converted / path).read_bytes() for path, file in there.files.items() if path in sent)
    assert "hf_me" not in done.stdout + done.stderr
    # A card never names shards that have not arrived.
    before_last = there.commits[-2][2]
    assert "README.md" not in before_last
    assert sum(path.endswith(".parquet") for path in before_last) == len(plan_push(converted, "x/y").shards)
    assert run(LOAD).stdout.split() == ["9"]


def test_private_means_private(hub: StandIn, run, converted: Path) -> None:
    run(["push", str(converted), "--repo-id", "me/imagenet-s"])
    for token in (None, "hf_you"):
        done = run(LOAD, token=token, check=False)
        assert done.returncode
        assert "me/imagenet-s" in done.stderr


def test_a_connection_that_breaks_off(hub: StandIn, run, converted: Path) -> None:
    """The stock client tries again by itself."""
    hub.break_off_in = 2
    run(["push", str(converted), "--repo-id", "me/imagenet-s"])
    assert ("PUT", 0) in {(method, status) for method, _, status in hub.log}
    assert run(LOAD).stdout.split() == ["9"]


def test_a_killed_push_goes_on(hub: StandIn, run, converted: Path, tmp_path: Path) -> None:
    shards = plan_push(converted, "me/imagenet-s").shards
    pushing = []

    def kill(number: int) -> None:
        """At the last upload but one, and not before something has arrived: several are under way at a time."""
        if number == len(shards) - 1 and pushing:
            end = time.monotonic() + 30
            while not hub.stored and time.monotonic() < end:
                time.sleep(0.01)
            with hub.lock:
                hub.unreachable = True
            pushing.pop().kill()

    hub.at_upload = kill
    environment = {**os.environ, **hub.environment(tmp_path / "home")}
    command = [sys.executable, "-m", "imagenet_s.cli.main", "push", str(converted), "--repo-id", "me/imagenet-s"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pushing.append(process)
    assert process.wait(60) == -9
    end = time.monotonic() + 30
    while sum(method == "PUT" for method, *_ in hub.log) < hub.uploads and time.monotonic() < end:
        time.sleep(0.01)  # the server has yet to notice that the client is gone
    there = hub.repositories["dataset", "me/imagenet-s"]
    assert set(there.files) == {".gitattributes"}, "nothing speaks of what has not arrived"
    arrived, logged = len(hub.stored), len(hub.log)
    assert 0 < arrived < len(shards)
    hub.unreachable = False
    run(["push", str(converted), "--repo-id", "me/imagenet-s"])
    sent = [path for method, path, status in hub.log[logged:] if (method, status) == ("PUT", 200)]
    assert len(sent) == len(shards) - arrived, "what had arrived was not sent again"
    assert run(LOAD).stdout.split() == ["9"]


def test_pushing_twice_sends_nothing_new_and_deletes_nothing(hub: StandIn, run, converted: Path) -> None:
    run(["push", str(converted), "--repo-id", "me/imagenet-s"])
    there = hub.repositories["dataset", "me/imagenet-s"]
    there.commit("notes of mine", {"notes.md": next(iter(there.files.values()))})
    begun = hub.uploads
    run(["push", str(converted), "--repo-id", "me/imagenet-s"])
    assert hub.uploads == begun
    assert "notes.md" in there.files


def test_dry_run_says_what_and_touches_nothing(hub: StandIn, run, converted: Path) -> None:
    done = run(["push", str(converted), "--repo-id", "me/imagenet-s", "--dry-run"], token=None)
    plan = plan_push(converted, "me/imagenet-s")
    assert f"{len(plan.files)} files, {plan.bytes:,} bytes, to the private dataset me/imagenet-s" in done.stdout
    assert all(name in done.stdout for name in plan.shards)
    assert not hub.log


def test_public_needs_rights_unless_there_are_no_images(hub: StandIn, run, converted: Path, without: Path) -> None:
    refused = run(["push", str(converted), "--repo-id", "me/a", "--public"], check=False)
    assert refused.returncode == 1
    assert "no redistribution" in refused.stderr
    assert not hub.log
    run(["push", str(converted), "--repo-id", "me/a", "--public", "--i-have-redistribution-rights"])
    run(["push", str(without), "--repo-id", "me/b", "--public"])
    assert not hub.repositories["dataset", "me/a"].private
    assert not hub.repositories["dataset", "me/b"].private


@pytest.fixture
def without(miniature, annotations: Path, tmp_path: Path) -> Path:
    """The miniature's 50 without images."""
    from imagenet_s.conversion.shards import Options, convert

    convert(miniature("folders"), tmp_path / "no-images", "50", annotations, Options(verify=False, images=False))
    return tmp_path / "no-images"


@pytest.mark.parametrize(
    ("token", "repo", "words"),
    [
        (None, "me/imagenet-s", "no token for the Hub"),
        ("hf_unknown", "me/imagenet-s", "the token is not accepted"),
        ("hf_you", "me/imagenet-s", "may not write to me"),
        ("hf_me", "me/imagenet s", "--repo-id me/imagenet s"),
    ],
)
def test_token_problems_are_one_message(run, converted: Path, token: str | None, repo: str, words: str) -> None:
    done = run(["push", str(converted), "--repo-id", repo], token=token, check=False)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not token or token not in done.stdout + done.stderr


def test_quota_is_one_message(hub: StandIn, run, converted: Path) -> None:
    hub.quota = 1000
    done = run(["push", str(converted), "--repo-id", "me/imagenet-s"], check=False)
    assert done.returncode == 1
    assert "not enough room" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_connection_is_one_message(hub: StandIn, run, converted: Path) -> None:
    hub.url = "http://127.0.0.1:9"
    done = run(["push", str(converted), "--repo-id", "me/imagenet-s"], check=False)
    assert done.returncode == 1
    assert "connection" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_public_repository_is_refused(hub: StandIn, run, converted: Path) -> None:
    hub.add("dataset", "me/imagenet-s", {}, private=False)
    done = run(["push", str(converted), "--repo-id", "me/imagenet-s"], check=False)
    assert done.returncode == 1
    assert "is public" in done.stderr
    assert not hub.uploads


def test_nothing_of_others_is_replaced(hub: StandIn, run, converted: Path) -> None:
    hub.add("dataset", "me/imagenet-s", {"README.md": b"# my own words"})
    done = run(["push", str(converted), "--repo-id", "me/imagenet-s"], check=False)
    assert done.returncode == 1
    assert "did not write" in done.stderr


def test_configurations_on_the_hub_are_not_lost(hub: StandIn, run, converted: Path) -> None:
    index = (converted / "index.json").read_bytes()
    hub.add("dataset", "me/imagenet-s", {"index.json": index.replace(b'"50": {', b'"300": {')})
    done = run(["push", str(converted), "--repo-id", "me/imagenet-s"], check=False)
    assert done.returncode == 1
    assert "300 validation" in done.stderr


def test_an_unfinished_or_damaged_result_is_not_pushed(hub: StandIn, run, converted: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(converted, copy)
    shard = copy / plan_push(copy, "x/y").shards[0]
    shard.write_bytes(shard.read_bytes()[:-1])
    assert "its index says" in run(["push", str(copy), "--repo-id", "me/x"], check=False).stderr
    (copy / "index.json").unlink()
    assert "unfinished" in run(["push", str(copy), "--repo-id", "me/x"], check=False).stderr
    assert not hub.log


def test_the_metric_becomes_a_space(hub: StandIn, run, tmp_path: Path) -> None:
    folder = tmp_path / "matched_miou"
    (folder / "__pycache__").mkdir(parents=True)
    for name in ("matched_miou.py", "README.md", "__pycache__/x.pyc"):
        (folder / name).write_text("---\ntitle: matched mIoU\nsdk: gradio\n---\n")
    code = f"""
import imagenet_s
from imagenet_s.cli.main import main
imagenet_s.MATCHED_MIOU = {str(folder)!r}
raise SystemExit(main(["push", "--metric", "--repo-id", NAME]))
"""
    assert "call it me/matched_miou" in run(code.replace("NAME", "'me/miou'"), check=False).stderr
    run(code.replace("NAME", "'me/matched_miou'"))
    there = hub.repositories["space", "me/matched_miou"]
    assert there.private
    assert set(there.files) == {".gitattributes", "matched_miou.py", "README.md"}


SCORE = """
import sys
class No:
    def find_spec(self, name, *rest):
        if name.split(".")[0] == "imagenet_s": raise ImportError("not installed here")
sys.meta_path.insert(0, No())
import evaluate
metric = evaluate.load("me/matched_miou")
metric.add(prediction=[[0, 7, 7, 0]], reference=[[0, 2, 2, 2]])
print(metric.compute(num_classes=2, matching="hungarian")["matching"][7])
"""


@pytest.mark.parametrize("private", [False, True], ids=["public", "private"])
def test_the_space_is_a_metric_that_evaluate_loads(hub: StandIn, run, private: bool) -> None:
    """The real folder, sent and then loaded by name with the stock client, where nothing of ours is installed."""
    run(["push", "--metric", "--repo-id", "me/matched_miou"] + ([] if private else ["--public"]))
    assert hub.repositories["space", "me/matched_miou"].private == private
    done = run(SCORE, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == ["2"]
