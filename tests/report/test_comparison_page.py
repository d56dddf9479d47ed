"""`compare --report`: both runs side by side, as the numbers of the command say, and every name escaped."""

import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from imagenet_s.cli.main import main
from imagenet_s.metrics import Localization, MatchedIoU
from imagenet_s.report import percent, points
from imagenet_s.report.comparison_page import html_comparison_page

HOSTILE = "<script>alert('x')</script>&"
NAMES = [f"n{i}/{HOSTILE if i == 3 else i}.png" for i in range(20)]


def counted(seed: int, noise: float) -> MatchedIoU:
    metric = MatchedIoU(5)
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(NAMES))
    for i in order:
        reference = np.full((12, 12), i % 5 + 1)
        reference[:2] = 0
        metric.update(np.where(generator.random((12, 12)) < noise * i / 20, 5, reference), reference, NAMES[i])
    return metric


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("</style>")[1]).split())


def test_masks(tmp_path: Path) -> None:
    a, b = counted(0, 0.3), counted(1, 0.9)
    a.save(tmp_path / "a.npz")
    b.save(tmp_path / "b.npz")
    report, out = tmp_path / "report.html", tmp_path / "out.json"
    runs = [str(tmp_path / "a.npz"), str(tmp_path / "b.npz")]
    assert main(["compare", *runs, "--report", str(report), "--json", str(out), "--resamples", "50"]) == 0
    page = report.read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    whole = [percent(run.compute()["mean_iou"]) for run in (a, b)]
    assert f"mIoU over all images together: a {whole[0]}, b {whole[1]}." in page
    differences = json.loads(out.read_text())["differences"]
    columns = [a.per_image(), b.per_image()]
    for key, one in differences.items():
        block = text_of("</style>" + page.split(f'data-key="{key}"')[1].split('class="both"')[0])
        means = [percent(float(np.nanmean(run[key]))) for run in columns]
        assert f"a {means[0]} b {means[1]} a − b {points(one['difference'])}" in block
        assert f"{points(one['low'])} to {points(one['high'])}" in block
    scores = [dict(zip(run["name"], run["mean_iou"])) for run in columns]
    gaps = {name: scores[0][name] - scores[1][name] for name in NAMES}
    listed = re.findall(r'<th scope="row"><code>([^<]+)</code></th>', page)
    best = max(gaps, key=lambda name: (gaps[name], name))
    assert unescape(listed[0]) == best
    assert all(abs(gaps[unescape(name)]) > 0 for name in listed)
    assert main(["compare", *runs, "--report", str(report), "--resamples", "50"]) == 0, "our own report is replaced"


def test_a_foreign_file_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counted(0, 0.3).save(tmp_path / "a.npz")
    mine = tmp_path / "mine.html"
    mine.write_text("<p>mine")
    run = str(tmp_path / "a.npz")
    assert main(["compare", run, run, "--report", str(mine)]) == 1
    assert "is not a report" in capsys.readouterr().err
    assert mine.read_text() == "<p>mine"


def test_maps() -> None:
    runs = []
    for peak in (1.0, -1.0):
        run = Localization()
        for name in ("cat", HOSTILE):
            run.update([[peak, 0.0]], [[3, 0]], target=3, name=name)
        runs.append(run.per_image())
    one = {"difference": 1.0, "low": 1.0, "high": 1.0, "wins": 2, "ties": 0, "losses": 0, "num_images": 2}
    page = html_comparison_page(*runs, {"pointing_game": one}, title=HOSTILE, notes=[HOSTILE])
    assert page == html_comparison_page(*runs, {"pointing_game": one}, title=HOSTILE, notes=[HOSTILE])
    assert "<script" not in page
    assert "A is better" in page
    assert "B is better" not in page
    assert "+100.00" in page


def test_where_both_lose_their_points(tmp_path, monkeypatch):
    """The shares of both runs, side by side, as `anatomy` gives them."""
    monkeypatch.chdir(tmp_path)
    for name, prediction in (("one", [[1, 0, 2, 2]]), ("two", [[1, 1, 1, 0]])):
        metric = MatchedIoU(50)
        metric.update(prediction, [[1, 1, 2, 2]], "a")
        metric.save(f"{name}.npz")
    assert main(["compare", "one.npz", "two.npz", "--resamples", "10", "--report", "page.html"]) == 0
    section = (
        (tmp_path / "page.html")
        .read_text(encoding="utf-8")
        .split("Where the points are lost")[1]
        .split("</section>")[0]
    )
    missed = section.split("Object as background, boundary")[1].split("</tr>")[0]
    assert [cell.split("<")[0] for cell in missed.split('class="value">')[1:]] == ["100.00", "50.00"]
