"""Order, batches, partitions, processes and files change no bit of any figure."""

import random
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from made_maps import bits, made

from imagenet_s.metrics import Localization

IMAGES = made(60)


def scored(images):
    metric = Localization((0.3, "mean"), tolerance=2)
    for values, mask, target, name in images:
        metric.update(values, mask, target, name)
    return metric


def everything(metric):
    rows = metric.per_image()
    order = sorted(range(len(metric)), key=lambda i: rows["name"][i])
    by_name = {key: [repr(column[i]) for i in order] for key, column in rows.items()}
    return (
        bits(metric.compute()),
        bits(metric.compute("category")),
        metric.iou_curve(),
        by_name,
        metric.bootstrap(samples=20),
    )


WHOLE = everything(scored(IMAGES))


@pytest.mark.parametrize("seed", range(3))
def test_any_order_batch_and_partition(seed):
    shuffled = random.Random(seed).sample(IMAGES, len(IMAGES))
    parts = [Localization((0.3, "mean"), tolerance=2) for _ in range(4)]
    while shuffled:
        size = 1 + len(shuffled) % 5
        batch, shuffled = shuffled[:size], shuffled[size:]
        parts[len(shuffled) % 4].update_batch(*zip(*batch))
    first, *others = parts
    for other in others:
        assert first.merge(other) is first
    assert everything(first) == WHOLE


def test_two_processes():
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        parts = list(pool.map(scored, [IMAGES[1::2], IMAGES[::2]]))
    assert everything(parts[0].merge(parts[1])) == WHOLE


def test_saved_and_loaded(tmp_path):
    path = tmp_path / "scores.npz"
    scored(IMAGES).save(path)
    loaded = Localization.load(path)
    assert everything(loaded) == WHOLE
    assert loaded.options == scored([]).options
    with pytest.raises(ValueError, match="image_000 was scored already"):
        loaded.update(*IMAGES[0])
    assert not list(tmp_path.glob(".*"))
    odd = Localization()
    odd.update([[1.0, 0.0]], [[3, 0]], 3, "two\nlines \udcff")
    odd.save(path)
    assert Localization.load(path).per_image() == odd.per_image()
    empty = scored([])
    empty.save(path)
    assert len(Localization.load(path)) == 0


@pytest.mark.parametrize("damage", ["cut", "another file", "text", "other columns"])
def test_files_that_hold_no_scores(tmp_path, damage):
    path = tmp_path / "scores.npz"
    scored(IMAGES[:3]).save(path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-300])
    elif damage == "another file":
        np.savez(path, values=np.zeros(3))
    elif damage == "text":
        path.write_text("scores")
    else:
        with np.load(path) as data:
            arrays = dict(data)
        np.savez(path, **{**arrays, "values": arrays["values"][:, :-1]})
    with pytest.raises(ValueError, match=r"scores\.npz holds no scores"):
        Localization.load(path)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("targets", lambda targets: targets + 0.5),
        ("pixels", lambda pixels: pixels * 1.5),
        ("counts", lambda counts: counts + 0.7),
        ("counts", lambda counts: counts[:1]),
        ("above", lambda above: above.astype(float)),
        ("values", lambda values: values.astype(complex)),
        ("states", lambda states: states.astype(int) * 2),
        ("names", lambda _: np.frombuffer(b'["a", "a", "b"]', np.uint8)),
        ("names", lambda _: np.frombuffer(b"[1, 2, 3]", np.uint8)),
    ],
)
def test_saved_numbers_are_checked_not_cast(tmp_path, name, changed):
    path = tmp_path / "scores.npz"
    scored(IMAGES[:3]).save(path)
    with np.load(path) as data:
        arrays = dict(data)
    np.savez(path, **{**arrays, name: changed(arrays[name])})
    with pytest.raises(ValueError, match=r"scores\.npz holds no scores"):
        Localization.load(path)


def test_an_image_counts_once():
    metric = scored(IMAGES[:2])
    before = everything(metric)
    with pytest.raises(ValueError, match="image_000 was scored on both sides"):
        metric.merge(scored(IMAGES[:1]))
    with pytest.raises(ValueError, match="image_009 was scored already"):
        metric.update_batch(*zip(IMAGES[9], IMAGES[9]))
    with pytest.raises(ValueError, match="was scored on both sides"):
        metric.merge(metric)
    with pytest.raises(ValueError, match="the options must be the same"):
        metric.merge(Localization((0.3, "mean"), tolerance=2.5))
    assert everything(metric) == before


def test_a_batch_is_added_whole_or_not_at_all():
    metric = scored([])
    maps, masks, targets, names = map(list, zip(*IMAGES[:3]))
    maps[2] = maps[2] * np.nan
    with pytest.raises(ValueError, match="the map of image_002 holds NaN"):
        metric.update_batch(maps, masks, targets, names)
    assert len(metric) == 0
    with pytest.raises(ValueError, match="3 maps, 3 masks, 2 targets"):
        metric.update_batch(maps, masks, targets[:2])
