"""`logits_to_ids` gives the ids of interpolate + argmax: the plain way is the reference."""

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from torch.nn import functional  # noqa: E402

from imagenet_s.metrics.torch import logits_to_ids  # noqa: E402
from imagenet_s.metrics.torch.upsampled_rows import rows_are_exact, upsampled_rows  # noqa: E402

SIZES = [(13, 20), (20, 13), (1, 1), (31, 129), (70, 131), (5, 140)]
LITTLE = 50_000  # bytes: with so few, larger results are made row by row


@pytest.fixture(autouse=True)
def one_thread():
    """The tensors are small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def plain(logits, size):
    return functional.interpolate(logits, size, mode="bilinear", align_corners=False).argmax(1)


def draw(kind, shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(shape, generator=generator)
    if kind == "smooth":
        small = torch.randn((*shape[:2], 3, 4), generator=generator)
        return functional.interpolate(small, shape[2:], mode="bicubic")
    if kind == "tied":
        return (logits * 2).round() / 2
    if kind == "odd numbers":
        for value in (float("nan"), float("inf"), -float("inf")):
            logits[torch.rand(shape, generator=generator) < 0.003] = value
    return logits


@pytest.mark.parametrize("kind", ["random", "smooth", "tied", "odd numbers"])
def test_the_same_ids(kind):
    for channels, dtype, size in itertools.product((3, 67, 130), (torch.float32, torch.bfloat16), SIZES):
        logits = draw(kind, (2, channels, 13, 20)).to(dtype)
        for form in (torch.contiguous_format, torch.channels_last):
            given = logits.to(memory_format=form)
            expected = plain(given, size)
            for memory in (64 * 2**20, LITTLE):
                ids = logits_to_ids(given, size, memory)
                assert torch.equal(ids, expected), (channels, dtype, size, form, memory)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_other_dtypes(dtype):
    logits = draw("tied", (1, 70, 9, 11)).to(dtype)
    for memory in (64 * 2**20, LITTLE):
        assert torch.equal(logits_to_ids(logits, (40, 150), memory), plain(logits, (40, 150)))


@pytest.mark.parametrize(
    "shape", [(1, 5, 1, 1), (1, 70, 1, 7), (2, 70, 2, 1), (1, 20, 2, 3), (1, 33, 31, 5), (1, 1, 4, 4)]
)
def test_few_rows_of_logits(shape):
    """Every row of the input is the first or the last one; equal heights, which torch copies; one channel."""
    logits = draw("random", shape)
    for height in (1, 2, 3, 31, 32, 70):
        assert torch.equal(logits_to_ids(logits, (height, 150), LITTLE), plain(logits, (height, 150)))


def test_rows_hold_the_very_bits_of_the_whole():
    """Ids could be equal by luck; the values are."""
    for height, (rows, width) in itertools.product(
        (1, 2, 7, 24, 49), ((1, 130), (2, 140), (24, 128), (50, 150), (99, 160))
    ):
        logits = draw("random", (1, 6, height, 9))
        whole = functional.interpolate(logits, (rows, width), mode="bilinear", align_corners=False)
        assert rows_are_exact(logits, (rows, width))
        made = torch.cat([values(0, 6) for _, _, values in upsampled_rows(logits, (rows, width))], dim=2)
        assert torch.equal(made, whole), (height, rows)


def test_parts_of_tensors_gradients_and_autocast():
    wide = draw("tied", (2, 150, 12, 9))
    part = wide[:, 20:100].requires_grad_()
    assert torch.equal(logits_to_ids(part, (90, 140), LITTLE), plain(part, (90, 140)))
    assert not logits_to_ids(part, (9, 9)).requires_grad
    with torch.autocast("cpu", dtype=torch.bfloat16):
        made = functional.conv2d(wide, draw("random", (70, 150, 1, 1)))
        assert made.dtype == torch.bfloat16
        assert torch.equal(logits_to_ids(made, (90, 140)), plain(made, (90, 140)))


def test_a_size_for_each_image():
    logits = draw("smooth", (3, 21, 8, 8))
    sizes = [(30, 40), (5, 170), (8, 8)]
    results = logits_to_ids(logits, sizes)
    assert [tuple(ids.shape) for ids in results] == sizes
    for i, (ids, size) in enumerate(zip(results, sizes)):
        assert torch.equal(ids, plain(logits[i : i + 1], size)[0])
    assert torch.equal(logits_to_ids(logits, torch.Size([6, 7])), plain(logits, (6, 7)))
    assert logits_to_ids(logits[:0], (6, 7)).shape == (0, 6, 7)
    assert logits_to_ids(logits[:0], []) == logits_to_ids(logits[:0], torch.zeros(0, 2)) == []


@pytest.mark.parametrize(
    "form",
    [list, tuple, torch.tensor, np.array, lambda sizes: [torch.tensor(size) for size in sizes],
     lambda sizes: [np.array(size) for size in sizes], lambda sizes: [torch.Size(size) for size in sizes],
     lambda sizes: torch.tensor(sizes, dtype=torch.int32), lambda sizes: [list(map(np.int64, size)) for size in sizes]],
)  # fmt: skip
@pytest.mark.parametrize("images", [1, 2, 3])
def test_any_form_of_sizes(form, images):
    """`target_sizes` of transformers is a tensor: of two images, it is as long as (H, W)."""
    logits = draw("smooth", (images, 5, 8, 8))
    sizes = [(30, 40), (5, 17), (8, 8)][:images]
    for made, expected in zip(logits_to_ids(logits, form(sizes)), logits_to_ids(logits, sizes), strict=True):
        assert torch.equal(made, expected)
    for size in sizes:
        assert torch.equal(logits_to_ids(logits, form([size])[0]), plain(logits, size))


@pytest.mark.parametrize(
    ("logits", "size", "says"),
    [
        (torch.zeros(1, 2, 3), (3, 3), "B x C x h x w"),
        (torch.zeros(1, 2, 3, 3, dtype=torch.int64), (3, 3), "floating point"),
        (torch.zeros(1, 2, 3, 3), (3, 0), "whole numbers from 1"),
        (torch.zeros(1, 2, 3, 3), 20, "the size is 20: expected"),
        (torch.zeros(1, 2, 3, 3), None, "the size is None: expected"),
        (torch.zeros(1, 2, 3, 3), "33", "the size is '33': expected"),
        (torch.zeros(1, 2, 3, 3), (3.7, 4.2), "whole numbers"),
        (torch.zeros(1, 2, 3, 3), (3, 3, 3), "expected"),
        (torch.zeros(1, 2, 3, 3), torch.ones(1, 1, 2), "expected"),
        (torch.zeros(2, 2, 3, 3), [(3, 3), (3, 3, 3)], "expected"),
        (torch.zeros(2, 2, 3, 3), [], "0 sizes for 2 images"),
        (torch.zeros(1, 2, 3, 3), [(3, 3), (3, 3)], "2 sizes for 1 images"),
        (torch.zeros(1, 0, 3, 3), (3, 3), "at least one of each"),
        ((torch.zeros(1, 2, 3, 3), torch.zeros(1)), (3, 3), r"take the first of them, logits\[0\]"),
    ],
)
def test_what_is_refused(logits, size, says):
    with pytest.raises(ValueError, match=says):
        logits_to_ids(logits, size)


MEASURE = """
import re, torch
from imagenet_s.metrics.torch import logits_to_ids

def peak():  # not getrusage's, which a process takes over from the one that started it
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])

torch.set_num_threads(1)
logits = torch.randn(1, 40, 94, 125)
logits_to_ids(logits, (375, 500))
result = torch.ones((1, 3000, 4000), dtype=torch.int64)  # what the result itself takes
before = peak()
del result
logits_to_ids(logits, (3000, 4000))
after = peak()
del logits
torch.nn.functional.interpolate(torch.randn(1, 8, 94, 125), (3000, 4000), mode="bilinear")
print(after - before, peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_memory_at_12_megapixels():
    """The plain way takes 1.9 GB for these 40 channels, and 44 GB for 920."""
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True)
    ours, eight_channels = map(int, done.stdout.split())
    assert ours < 64 * 2**20
    assert eight_channels > 2 * 64 * 2**20, "the measurement would notice"
