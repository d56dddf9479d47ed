"""Addresses that can't be read say why, and what to do: the stock client, and a server that answers as the Hub does."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hub_server import ROUTES, Handler, HubServer, Refusal, Repository

LOOK = """
import time
time.sleep = lambda seconds: None  # the client waits before it asks again
import json
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.imagenet.detect import open_imagenet
for address in ADDRESSES:
    try:
        reader = open_imagenet(address).reader("validation")
        for images in reader.read(reader.index(), 1):
            break
        print(json.dumps([address, "read"]))
    except ImageNetSError as error:
        print(json.dumps([address, str(error)]))
"""


@pytest.fixture
def look(run, tmp_path: Path) -> Callable[..., dict[str, str]]:
    """What is said of each of some addresses, by one process."""

    def look(*addresses: str, **options: object) -> dict[str, str]:
        code = LOOK.replace("ADDRESSES", repr(list(addresses)))
        return dict(map(json.loads, run(code, **options).stdout.splitlines()))

    return look


@pytest.fixture
def imagenet(hub: HubServer, miniature: Callable[[str], Path]) -> dict[str, bytes]:
    """`me/imagenet-1k`, private; and its files."""
    root = miniature("parquet")
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.parquet")}
    hub.repositories["dataset", "me/imagenet-1k"] = Repository(commits=[files])
    return files


HERE = "hf://datasets/me/imagenet-1k"


@pytest.mark.usefixtures("imagenet")
def test_not_there_or_not_for_this_token(look) -> None:
    answers = look(HERE, f"{HERE}@gone", "hf://datasets/me/nothing", "hf://datasets/me/imagenet-1k/nowhere")
    assert answers.pop(HERE) == "read"
    assert "it has no revision gone" in answers.pop(f"{HERE}@gone")
    assert "there is no such file or folder" in answers.pop("hf://datasets/me/imagenet-1k/nowhere")
    assert "there is no such repository, or the token may not see it" in answers.pop("hf://datasets/me/nothing")
    assert not answers
    without = look(HERE, token=None)[HERE]
    assert "there is no such repository, or it is not visible without a token: log in with `hf auth login`" in without
    assert "the token may not see it" in look(HERE, token="hf_you")[HERE]
    unknown = look(HERE, token="hf_unknown")[HERE]
    assert "token" in unknown
    assert "log in with `hf auth login`" in unknown
    assert "hf_unknown" not in unknown
    for text in (without, unknown):
        assert "holds nothing" not in text


@pytest.mark.parametrize("at", ["tree", "resolve"])
def test_what_the_hub_refuses_or_cannot_do(
    at: str, hub: HubServer, imagenet: dict[str, bytes], look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listing is refused, or only the content, as for a gated data set."""
    answers = {
        "gated": (403, "Access to dataset me/gated is restricted", "GatedRepo"),
        "forbidden": (403, "Your token has no read access \x1b[2J", ""),
        "often": (429, "slow down", ""),
        "broken": (500, "sorry", ""),
        "closed": (401, "Access to dataset me/closed is restricted. You must be authenticated", "GatedRepo"),
    }
    expected = {
        "gated": "access is granted on request.*ask for it at .*/datasets/me/gated, then log in",
        "forbidden": r"the token may not read it.*ask for access at",
        "often": "the Hub is asked too often",
        "broken": "the Hub is busy or out of order, it answered 500",
        "closed": "access is granted on request.*ask for it at .*/datasets/me/closed, then log in",
    }
    for name in answers:
        hub.repositories["dataset", f"me/{name}"] = Repository(private=name != "closed", commits=[imagenet])
    (route,) = [route for route, endpoint in ROUTES.items() if endpoint is getattr(Handler, at)]
    usual = ROUTES[route]

    def refuse(handler: Handler, kind: str, name: str, *rest: str) -> None:
        if answer := answers.get(name.split("/")[1]):
            raise Refusal(*answer)
        usual(handler, kind, name, *rest)

    monkeypatch.setitem(ROUTES, route, refuse)
    without_token = "hf://datasets/me/closed"
    messages = look(*(f"hf://datasets/me/{name}" for name in answers if name != "closed"))
    messages |= look(without_token, token=None)
    for name, message in expected.items():
        text = messages[f"hf://datasets/me/{name}"]
        assert re.search(message, text), f"{name}: {text}"
        assert "not a Parquet file" not in text
        assert "\x1b" not in text


def test_a_login_page_in_between(hub: HubServer, look, push, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading and pushing say the same."""
    page = b"<html>Welcome to the airport</html>"
    for route in list(ROUTES):
        monkeypatch.setitem(ROUTES, route, lambda handler, *_: handler.reply(page))
    assert "is not the Hub, it sends no JSON" in look(HERE)[HERE]
    push(refused="is not the Hub, it sends no JSON")


@pytest.mark.usefixtures("imagenet")
def test_offline_and_no_connection(hub: HubServer, look, run, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import os; os.environ['HF_HUB_OFFLINE'] = '1'\n" + LOOK.replace("ADDRESSES", repr([HERE]))
    assert "HF_HUB_OFFLINE is set" in run(code).stdout
    hub.url = "http://127.0.0.1:9"
    assert "the connection to http://127.0.0.1:9 failed" in look(HERE)[HERE]


@pytest.mark.parametrize(
    "endpoint", ["https://huggingface.co\n", " https://huggingface.co", "huggingface.co", "", "http://"]
)
def test_an_endpoint_that_is_no_address(endpoint: str, hub: HubServer, look, push) -> None:
    """As env files write them; the client would fail in a way of its own for each, some with a traceback."""
    hub.url = endpoint
    words = f"$HF_ENDPOINT is {endpoint!r}: expected an address as https://huggingface.co"
    assert words in look(HERE)[HERE]
    push(refused=words)


@pytest.mark.parametrize(
    ("repo_id", "hint"),
    [
        ("me/a/b", "expected a name as me/imagenet-s"),
        ("me/im age", "expected a name"),
        ("", "it is empty"),
        ("https://huggingface.co/datasets/me/x", "Did you mean me/x?"),
        ("datasets/me/x", "Did you mean me/x?"),
    ],
)
def test_a_rehearsal_checks_the_name(
    repo_id: str, hint: str, hub: HubServer, converted: Path, capsys: pytest.CaptureFixture
) -> None:
    from imagenet_s.cli.main import main

    for rehearsal in (["--dry-run"], []):
        assert main(["push", str(converted), "--repo-id", repo_id, *rehearsal]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert hint in err
    assert not hub.log
