"""What single pages say of class ids, protocols and scores. `test_page_code.py` runs the code of all pages."""

import re
from pathlib import Path

import numpy as np
import pytest

import imagenet_s
from imagenet_s.conversion.submission.protocols import PROTOCOLS
from imagenet_s.metrics import MatchedIoU

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_reliability_names_tests_that_exist() -> None:
    text = (DOCS / "reliability.md").read_text(encoding="utf-8").partition("## What is believed of the archives")[0]
    rows = re.findall(r"^\|.*\|$", text, re.MULTILINE)
    named = [match for row in rows for match in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)]
    assert len(named) > 40
    for file, test in named:
        assert f"\ndef {test}(" in (DOCS.parent / file).read_text(encoding="utf-8"), f"{file}::{test}"
    without = [row for row in rows if "::" not in row and not row.startswith(("|---", "| what"))]
    assert len(without) == 2, "what is not noticed has no test"


def test_remapping() -> None:
    text = (DOCS / "mmsegmentation.md").read_text(encoding="utf-8")
    blocks = [match for match in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "mmseg" not in match]
    names: dict[str, object] = {}
    exec("\n".join(block for block in blocks if not block.startswith("dict(")), names)
    table = imagenet_s.categories("919")
    dog, fish = table.id_of("n02110958"), table.id_of("n01443537")
    np.testing.assert_array_equal(names["ids"], [[0, dog], [fish, dog]])
    assert names["names"][fish] == "goldfish"  # type: ignore[index]


def test_where_mmsegmentation_has_the_data_set() -> None:
    text = " ".join((DOCS / "mmsegmentation.md").read_text(encoding="utf-8").split())
    assert "only in the git repository: the last 0.x release on PyPI, 0.30.0, does not contain them" in text


def test_the_two_means_of_mmsegmentation_and_the_benchmark() -> None:
    """The page's example: five classes of 50, predicted perfectly."""
    text = (DOCS / "mmsegmentation.md").read_text(encoding="utf-8")
    there, here, occurring, ids = re.findall(r"are ([\d.]+) there and ([\d.]+) here \((\d+) of (\d+) ids\)", text)[0]
    metric = MatchedIoU(50)
    for number in range(1, 6):
        mask = np.zeros((4, 4), int)
        mask[:2] = number
        metric.update(mask, mask)
    result = metric.compute()
    assert round(100 * result["mean_iou"], 2) == float(here)
    assert len(result["per_category_iou"]) == int(ids)
    assert 100 * np.mean(result["per_category_iou"][: int(occurring)]) == float(there)


@pytest.mark.parametrize("page", ["docs/loading.md", "docs/transforms.md"])
def test_shapes_of_formatted_annotations(page: str) -> None:
    """tests/dataset/test_rows.py and test_dataloader.py look at the arrays."""
    text = " ".join((DOCS.parent / page).read_text(encoding="utf-8").split())
    assert re.search(r'`with_format\("numpy"\)` (returns|gives) annotations as H x W', text)
    assert re.search(r'`with_format\("torch"\)` as 1 x H x W', text)


def test_what_an_editable_install_puts_on_the_path() -> None:
    text = " ".join((DOCS.parent / "CONTRIBUTING.md").read_text(encoding="utf-8").split())
    sentences = re.findall(
        r"An editable install puts the checkout on `sys.path`, so (.*?) find this project there", text
    )
    named = re.findall(r"\w+", sentences[0].replace("import", "").replace("and", ""))
    assert {path.parent.name for path in DOCS.parent.glob("*/__init__.py")} - {"tests"} <= set(named)


def test_merged_classes_and_subsets_by_wnid() -> None:
    """What the page says of `id_of`."""
    assert imagenet_s.categories("919").id_of("n03887697") == imagenet_s.categories("919").id_of("n15075141") > 0
    assert imagenet_s.categories("50").id_of("n15075141") == 0


def test_localization(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks that need no other library; tests/peers runs the others. Every score is named and described."""
    monkeypatch.chdir(tmp_path)
    text = (DOCS / "localization.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    images = [(name, np.eye(4) * i, np.eye(4, dtype=int) * 3, 3) for i, name in enumerate("abc")]
    names: dict[str, object] = {"images": images}
    exec(blocks[0], names)
    names["metric"].save("rollout.npz")  # type: ignore[attr-defined]
    exec(blocks[1], names)
    for key in names["result"]:  # type: ignore[attr-defined]
        assert f"`{re.sub(r'_at_.*', '_at_T', key)}`" in text or key.startswith("num_"), key


def test_protocols() -> None:
    text = (DOCS / "from-the-official-toolbox.md").read_text(encoding="utf-8")
    for name, protocol in PROTOCOLS.items():
        assert f"[{name}]({protocol.url})" in text
    rows = {row[0]: row[1:] for row in re.findall(r"^\| (\w[^|]*) \|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|$", text, re.M)}
    for column, protocol in enumerate(PROTOCOLS.values()):
        assert (rows["images of ImageNet-S only"][column].strip() == "must") == any(
            "ImageNet-S-50, -300 or -919 only" in item for item in protocol.must
        )
        allowed = rows["supervised weights, extra data, supervised edges or saliency"][column].strip()
        listed = protocol.may if allowed == "may" else protocol.must_not
        assert any("outside of ImageNet-S" in item for item in listed)
        tuned = rows["fine-tune on the masks of train_semi"][column].strip()
        listed = protocol.may if tuned == "may" else protocol.must_not
        assert any("annotated train_semi images (about" in item for item in listed)
