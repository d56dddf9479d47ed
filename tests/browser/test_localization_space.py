"""The Space of the localization scores, started as the Hub starts it and reached over HTTP."""

import numpy as np
import pytest
from PIL import Image

from imagenet_s.metrics import Localization
from imagenet_s.report import percent

pytestmark = pytest.mark.chromium
SPACE = "localization"


def test_files_to_figures(space, tmp_path):
    from gradio_client import Client, handle_file

    metric, maps, masks = Localization(resize="mask"), [], []
    for number in range(3):
        generator = np.random.default_rng(number)
        mask = generator.choice([0, 7, 1000], (30, 40)).astype(np.uint16)
        values = generator.integers(0, 60_000, (15, 20)).astype(np.uint16)
        metric.update(values, mask, 7, f"image_{number}")
        (tmp_path / "masks").mkdir(exist_ok=True)
        maps.append(tmp_path / (f"image_{number}" + (".png" if number else ".npy")))
        masks.append(tmp_path / "masks" / f"image_{number}.png")
        Image.fromarray(mask).save(masks[-1])
        if number:
            Image.fromarray(values).save(maps[-1])
        else:
            np.save(maps[-1], values)
    client = Client(space, verbose=False)
    files = ([handle_file(path) for path in paths] for paths in (maps, masks))
    _, figures, images = client.predict(*files, 7, "signed", "mask", api_name="/score")
    result = metric.compute()
    shown = dict(figures["data"])
    assert {key: shown[key] for key in metric.keys} == {key: percent(result[key]) for key in metric.keys}
    assert shown["num_images"] == "3"
    assert sorted(row[0] for row in images["data"]) == ["image_0", "image_1", "image_2"]
    with pytest.raises(Exception, match="they must be equal, unless resize"):
        client.predict(*([handle_file(path)] for path in (maps[0], masks[0])), 7, "signed", "none", api_name="/score")


def test_the_page_opens(space, visit):
    page = visit(space)
    page.get_by_role("button", name="Score").wait_for()
