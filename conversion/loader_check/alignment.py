"""How a mask or an image was turned and cut: found from its pixels, whatever became of their values."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image
from scipy import optimize

from .geometry import OUTSIDE, TURNS, WHOLE, Array, Box, Rule, turn

_HOPELESS, _BETTER, _OUTSIDE_AT_MOST = 0.4, 0.005, 0.95
_PARTS = (1.0, *np.arange(0.5, 1.11, 0.04).round(2).tolist())
_POINTS, _CELLS, _COARSE = 48, 24, 8


@dataclass(frozen=True)
class Fit:
    """A box and its score: 1 where the original explains what was seen, 0 no better than without it."""

    box: Box
    score: float = 0.0
    rule: Rule | None = None


class Sight:
    """What was seen beside its original.

    Attributes:
        good: the score of a box that is right, but for how pixels were resized and compressed.
        sure: the score from which on no other box is better by more than rounding.
        fields: two arrays of numbers whose small copies look alike under the right box: seen, and original.
        usual: the whole original, and the rules that most earlier ones had, not scored.
    """

    good: float
    sure: float

    def __init__(self, seen: Array, original: Array, rules: Counter[Rule]) -> None:
        self.shape, self.original, self.fields = seen.shape, original.shape, (seen, original)
        self.usual = [self.by(rule) for rule in (WHOLE, *(rule for rule, _ in rules.most_common(2)))]
        self._rules = rules

    def score(self, box: Box) -> float:
        """How well the original under a box explains what was seen."""
        score, outside = self._score(box) if min(box.height, box.width) > 0 else (0.0, 1.0)
        return float(score - 0.02 * outside) if outside < _OUTSIDE_AT_MOST else 0.0

    def by(self, rule: Rule) -> Fit:
        """The box that a rule gives, not scored."""
        return Fit(rule.box(self.original, self.shape), 0.0, rule)

    def remember(self, fit: Fit) -> None:
        """Count the rule of a box that is right."""
        if fit.rule and fit.score >= self.good:
            self._rules[fit.rule] += 1

    def _score(self, box: Box) -> tuple[float, float]:
        """The score, and how much of the box is outside the original."""
        raise NotImplementedError


class MaskSight(Sight):
    """A mask, whose ids may have become any values, beside the official ids."""

    good, sure = 0.9, 0.98

    def __init__(self, seen: Array, ids: Array, rules: Counter[Rule]) -> None:
        super().__init__(_borders(seen), _borders(ids), rules)
        self._grid = [np.linspace(0, size - 1, min(size, _POINTS)).astype(int) for size in seen.shape]
        values, index, counts = np.unique(seen[np.ix_(*self._grid)], return_inverse=True, return_counts=True)
        rank = np.minimum(np.argsort(np.argsort(-counts)), 31)  # interpolated masks have thousands of values
        self._values, self._seen = min(len(values), 32), rank[index.ravel()]
        self._ids = np.unique(ids, return_inverse=True)[1].reshape(ids.shape)
        self._rows = int(self._ids.max()) + 2

    def table(self, box: Box) -> Array:
        """The pixels of each id, the first one outside, that have each value; of a sample."""
        rows = box.view(self._ids, self.shape, self._grid).ravel() - OUTSIDE
        size = self._rows * self._values
        return np.bincount(rows * self._values + self._seen, minlength=size).reshape(self._rows, self._values)

    def _score(self, box: Box) -> tuple[float, float]:
        table = self.table(box)
        # Ids tell the values; or, where parts of an id have values of their own, the values tell the ids.
        scores = _determined(table[1:]), _determined(table[1:].T)
        return (max(scores) + 0.05 * min(scores)) / 1.05, table[0].sum() / table.sum()


class ImageSight(Sight):
    """An image in grey beside the original; brightness and contrast do not matter."""

    good, sure = 0.97, 0.995

    def __init__(self, seen: NDArray[np.float32], original: NDArray[np.float32], rules: Counter[Rule]) -> None:
        super().__init__(seen, original, rules)
        self._cells = [min(size, _CELLS) for size in seen.shape]
        self._seen = _means(Image.fromarray(seen), self._cells)
        self._turned: dict[str, Image.Image] = {}

    def _score(self, box: Box) -> tuple[float, float]:
        if box.turn not in self._turned:
            self._turned[box.turn] = Image.fromarray(turn(self.fields[1], box.turn))
        picture = self._turned[box.turn]
        whole, corners, inside = [], [], 1.0
        for axis, size in enumerate((picture.height, picture.width)):
            edges = box.edges(self._cells[axis], axis)
            cells = np.flatnonzero((edges[:-1] > -0.5) & (edges[1:] < size + 0.5))
            if not len(cells):
                return 0.0, 1.0
            whole.append(slice(cells[0], cells[-1] + 1))
            corners.append(np.clip(edges[[cells[0], cells[-1] + 1]], 0, size))
            inside *= np.ptp(np.clip(edges, 0, size)) / np.ptp(edges)
        seen = self._seen[tuple(whole)]
        means = _means(picture, seen.shape, (corners[1][0], corners[0][0], corners[1][1], corners[0][1]))
        return abs((_normal(means) * _normal(seen)).mean()), 1 - inside


def near(sight: Sight, likely: Sequence[Fit]) -> Fit:
    """The best of some likely boxes, moved a little where it doesn't fit quite."""
    best = _scored(sight, likely)[0]
    moved = best if best.score >= sight.good else _moved(sight, best, 0.01)
    return moved if moved.box.is_near(best.box) else best


def search(sight: Sight, likely: Sequence[Fit]) -> Fit:
    """The best box: of the likely ones, those of all rules and turns, and any others, as random crops have."""
    tried = _scored(sight, likely)
    best = tried[0]
    sideways = sight.shape == sight.original[::-1] != sight.original
    for group in (TURNS[:1], TURNS[1:2], TURNS[2:]):
        if best.score < (sight.sure if sideways or group == TURNS[:1] else sight.good):
            tried = _scored(sight, [*tried, *(sight.by(rule) for name in group for rule in _rules(name))])
            best = _best(sight, tried)
    if best.score < sight.good:
        boxes = [Fit(box) for name in TURNS[:2] for box in _anywhere(sight, name)]
        best = max(best, _best(sight, _scored(sight, [best, *boxes])), key=lambda fit: fit.score)
    return best


def _rules(name: str) -> list[Rule]:
    rules = [Rule(name, scaling, part) for part in _PARTS for scaling in ("squash", "cover", "contain")]
    return [*rules, Rule(name, "unscaled"), Rule(name, "unscaled", corner=True), Rule(name, "contain", corner=True)]


def _scored(sight: Sight, fits: Iterable[Fit]) -> list[Fit]:
    scored = [replace(fit, score=fit.score or sight.score(fit.box)) for fit in fits]
    return sorted(scored, key=lambda fit: -fit.score)


def _best(sight: Sight, scored: Sequence[Fit]) -> Fit:
    """The best after its edges were moved; one that needs no moving explains more simply what is seen."""
    if not _HOPELESS < scored[0].score < sight.sure:
        return scored[0]
    best = max((_moved(sight, fit, 0.04) for fit in scored[:3]), key=lambda fit: fit.score)
    return best if best.score > scored[0].score + _BETTER else scored[0]


def _moved(sight: Sight, start: Fit, step: float) -> Fit:
    """The fit after its box was moved and resized to where the score is best."""
    box, scales = start.box, np.array([start.box.height, start.box.width] * 2)

    def moved(by: Array) -> Box:
        return Box(box.turn, *([box.top, box.left, box.height, box.width] + by * scales).tolist())

    options = {"initial_simplex": step * np.eye(5, 4), "xatol": 0.002, "fatol": 2e-4, "maxfev": 150}
    result = optimize.minimize(lambda by: -sight.score(moved(by)), np.zeros(4), method="Nelder-Mead", options=options)
    if -result.fun <= start.score:
        return start
    best, rule = moved(result.x), start.rule
    if rule and rule.scaling != "unscaled":  # with the part that was found, for the items that follow
        rule = replace(rule, part=round(rule.part * best.height / box.height, 3))
    return Fit(best, -result.fun, rule)


def _anywhere(sight: Sight, name: str) -> list[Box]:
    """The best few of boxes of all sizes at all places, by small copies."""
    seen = _normal(_means(Image.fromarray(sight.fields[0]), (_COARSE, _COARSE))).ravel()
    original = turn(sight.fields[1], name)
    picture, counts = Image.fromarray(original), np.rint(_COARSE * 1.15 ** np.arange(11)).astype(int)
    best: list[tuple[float, Box]] = []
    for cells in itertools.product(counts.tolist(), repeat=2):
        height, width = (size / count for size, count in zip(original.shape, cells))
        if not 0.6 < height / sight.shape[0] / (width / sight.shape[1]) < 1.67:
            continue
        windows = sliding_window_view(_means(picture, cells), (_COARSE, _COARSE))
        parts = windows.reshape(*windows.shape[:2], -1)
        parts = parts - parts.mean(-1, keepdims=True)
        scores = parts @ seen / np.maximum(parts.std(-1), 1e-6)
        row, column = np.unravel_index(scores.argmax(), scores.shape)
        box = Box(name, float(row * height), float(column * width), _COARSE * height, _COARSE * width)
        best.append((float(scores[row, column]), box))
    return [box for _, box in sorted(best, key=lambda pair: -pair[0])[:8]]


def _determined(table: Array) -> float:
    """How far rows determine columns (Goodman and Kruskal's lambda): 1 where each row has a single column."""
    overall, by_row, total = int(table.sum(0).max()), int(table.max(1).sum()), int(table.sum())
    return (by_row - overall) / (total - overall) if total > overall else 0.0


def _borders(values: Array) -> Array:
    """How many of the pixels above and on the left of each are different."""
    borders = np.zeros(values.shape, np.float32)
    borders[:, 1:] = values[:, 1:] != values[:, :-1]
    borders[1:] += values[1:] != values[:-1]
    return borders


def _means(picture: Image.Image, cells: Sequence[int], box: tuple[float, float, float, float] | None = None) -> Array:
    """The means of rows and columns of cells of a box."""
    return np.asarray(picture.resize((cells[1], cells[0]), Image.Resampling.BOX, box))


def _normal(values: Array) -> Array:
    return (values - values.mean()) / max(float(values.std()), 1e-6)
