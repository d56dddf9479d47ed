"""Figures of one's own for the images of a run, as of another library: they are saved, compared and shown with it."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence

from .saved_record import Record

_SHOWN = 3


class WithOwnFigures:
    """A run whose images may have figures that it did not compute."""

    record: Record

    @property
    def names(self) -> Sequence[str]:
        """Of the images."""
        raise NotImplementedError

    @property
    def own_figures(self) -> list[str]:
        """The names of the figures that were added."""
        return list(self.record.get("figures", {}))

    def add_figure(self, key: str, values: Mapping[str, float]) -> None:
        """Add a figure of one's own, for `per_image`, `save`, `compare`, `compare_many` and their pages.

        Args:
            key: its name: `"insertion"`, say. One that was added before is replaced.
            values: name of an image -> value, real numbers, higher is better unless `compare_many` is told otherwise;
                NaN for none. Images that are not named have none.

        Raises:
            ValueError: a name that the run's own figures have, an image that was not counted, or no number.

        Examples:
            >>> from imagenet_s.metrics import Localization
            >>> metric = Localization()
            >>> metric.update([[0.1, 0.9]], [[0, 7]], target=7, name="dog")
            >>> metric.add_figure("insertion", {"dog": 0.62})
            >>> metric.per_image()["insertion"]
            [0.62]
        """
        taken = set(self._computed_columns()) if len(self.names) else set()
        if not key or key in taken:
            raise ValueError(f"the figure {key!r}: expected a name of its own; the run has {', '.join(sorted(taken))}.")
        if unknown := sorted(values.keys() - set(self.names)):
            raise ValueError(
                f"the figure {key!r} has {len(unknown):,} images that were not counted: "
                f"{', '.join(unknown[:_SHOWN])}; the run has {', '.join(sorted(self.names)[:_SHOWN]) or 'none'}, ..."
            )
        for name, value in values.items():
            if not isinstance(value, numbers.Real) or math.isinf(value):
                raise ValueError(f"the figure {key!r} of {name} is {value!r}: expected a number, or NaN for none.")
        kept = {name: float(value) for name, value in sorted(values.items()) if not math.isnan(value)}
        self.record["figures"] = {**self.record.get("figures", {}), key: kept}

    def _computed_columns(self) -> Mapping[str, Sequence[object]]:
        """What `per_image` has without figures of one's own."""
        raise NotImplementedError

    def _own_columns(self) -> dict[str, list[float]]:
        """The columns that `per_image` adds."""
        figures = self.record.get("figures", {})
        return {key: [values.get(name, math.nan) for name in self.names] for key, values in figures.items()}
