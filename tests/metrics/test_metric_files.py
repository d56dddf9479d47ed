"""Trees, zips and shards of masks: found, paired and counted alike."""

import pytest
from mask_forms import write_official
from mask_trees import GT, NUMBER, PRED, expected
from test_metric_sums import bits

from imagenet_s.conversion.masks.find_masks import find_masks
from imagenet_s.metrics.evaluation.pairing import pair_up, read_list
from imagenet_s.metrics.evaluation.scoring import score


def scored(paths, **options):
    predictions, references = (find_masks(path, "50") for path in paths)
    keys = options.pop("keys", None)
    return score(predictions, references, pair_up(predictions, references, keys), 50, **options)


@pytest.mark.parametrize("form", ["folder", "zip", "shards", "mixed"])
@pytest.mark.parametrize("workers", [1, 2])
def test_every_form_scores_alike(trees, form, workers):
    seen = []
    metric = scored(trees[form], workers=workers, progress=seen.append)
    assert bits(metric.compute("hungarian")) == bits(expected().compute("hungarian"))
    assert sorted(metric.per_image("pixel")["name"]) == sorted(GT)
    assert sum(seen) == NUMBER


def test_a_list_chooses(trees, tmp_path):
    chosen = sorted(GT)[3:7]
    (tmp_path / "list.txt").write_text("".join(f"n9/x.JPEG {key[:-4]}.JPEG\n" for key in chosen))
    keys = read_list(tmp_path / "list.txt")
    assert scored(trees["zip"], keys=keys).per_image("pixel")["name"] == chosen
    with pytest.raises(ValueError, match=r"lacks 1 of 2 listed masks, n9/x\.png"):
        scored(trees["zip"], keys=[chosen[0], "n9/x.png"])
    (tmp_path / "list.txt").write_text("\n")
    with pytest.raises(ValueError, match="lists nothing"):
        read_list(tmp_path / "list.txt")


def test_missing_predictions(gaps):
    predictions, references = map(find_masks, gaps)
    pairs = pair_up(predictions, references)
    assert (pairs.missing, pairs.elsewhere, pairs.unused) == (["n1/b.png"], 1, 1)
    assert ("n2/c.png", "n7/c.png") in pairs.matched
    with pytest.raises(ValueError, match=r"no prediction for 1 of 3 masks: n1/b\.png\. .*skip\) leaves them out"):
        scored(gaps)
    assert scored(gaps, on_missing="skip").compute()["num_images"] == 2
    empty = scored(gaps, on_missing="empty").compute()
    assert (empty["num_images"], empty["image_accuracy"]) == (3, 2 / 3)
    assert empty["per_category_iou"][1] == 4 / 6
    with pytest.raises(ValueError, match="on_missing='perhaps'"):
        scored(gaps, on_missing="perhaps")


@pytest.mark.parametrize(
    ("side", "key", "missing"),
    [
        (0, "n8/c.png", ["n1/b.png", "n2/c.png"]),  # which of two predictions of that name is open
        (1, "n3/c.png", ["n1/b.png", "n2/c.png", "n3/c.png"]),  # one prediction does not serve two references
    ],
)
def test_an_ambiguous_name_is_missing_rather_than_guessed(gaps, side, key, missing):
    write_official(gaps[side] / key, [[1, 1, 0]])
    assert pair_up(*map(find_masks, gaps)).missing == missing


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bad_mask_is_named(trees, tmp_path, workers):
    for key, ids in PRED.items():
        write_official(tmp_path / key, ids)
    bad = sorted(GT)[40]
    (tmp_path / bad).write_bytes(b"no PNG")
    with pytest.raises(ValueError, match=f"the prediction of {bad} is not a readable PNG"):
        scored((tmp_path, trees["folder"][1]), workers=workers)


def test_what_is_no_source(tmp_path, trees):
    for path, message in [
        ("nothing", "no such folder, zip or data set"),
        ("", r"holds no PNG \(it holds a\.txt\); expected"),
        ("a.txt", "neither"),
    ]:
        (tmp_path / "a.txt").write_text("")
        with pytest.raises(ValueError, match=message):
            find_masks(tmp_path / path)
    with pytest.raises(ValueError, match="no shards of the split 'train_semi'; it has: test, validation"):
        find_masks(trees["shards"][1], "50", "train_semi")
    test = find_masks(trees["shards"][1], "50", "test")
    with pytest.raises(ValueError, match=r"no annotation of y/x\.png"):
        test.read("y/x.png")
    write_official(tmp_path / "other" / "n1" / "zzz.png", [[1]])
    with pytest.raises(ValueError, match=r"expected n01440/.*; found n1/zzz\.png\. Are the two swapped"):
        scored((tmp_path / "other", trees["folder"][1]))
