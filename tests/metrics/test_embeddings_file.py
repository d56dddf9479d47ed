"""The embeddings that distance-match keeps: read again, without torch."""

import io
import json

import numpy as np
import pytest

from imagenet_s.metrics.distance_matching.embeddings_file import read_embeddings


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


BANK = {"embeddings": np.ones((5, 3)), "ids": np.ones(5, int)}
STORED = npz(**BANK, made_with=np.array(json.dumps({"k": 10})))


def test_stored_embeddings_are_read(tmp_path):
    (tmp_path / "embeddings.npz").write_bytes(STORED)
    settings, embeddings, ids = read_embeddings(str(tmp_path / "embeddings.npz"))
    assert (settings, embeddings.shape, ids.tolist()) == ({"k": 10}, (5, 3), [1] * 5)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"null", STORED[:-30], STORED[:100], npz(other=np.ones(3)), npz(**BANK, made_with=np.array("{"))),
        *(npz(**BANK, made_with=np.array("[" * 100_000)), npz(**BANK, made_with=np.array("[]"))),
        npz(embeddings=np.ones((5, 3)), ids=np.ones(4, int), made_with=np.array("{}")),
    ],
    ids=["empty", "text", "cut", "cut early", "of others", "no JSON", "deep JSON", "a list", "lengths"],
)
def test_stored_embeddings_that_are_damaged_or_not_ours(content, tmp_path):
    (tmp_path / "embeddings.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"embeddings\.npz holds no embeddings of distance-match \(.*remove it"):
        read_embeddings(str(tmp_path / "embeddings.npz"))
