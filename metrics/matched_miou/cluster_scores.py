"""How well clusters and ids agree, before any matching: the clustering scores of scikit-learn, from counts.

Rosenberg and Hirschberg, 2007 (homogeneity, completeness, V-measure); Hubert and Arabie, 1985 (adjusted Rand index).
scikit-learn computes them from a label for each pixel; the number of pixels of each pair of labels is enough.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .count_table import CountTable, Ints, sum_groups

_SHOWN = 3
"""The clusters of a class, and the ids of a cluster, that are named."""


def cluster_scores(table: CountTable, match: Mapping[int, int]) -> dict[str, Any]:
    """Agreement of clusters and ids over all pixels that are scored, and who shares pixels with whom.

    Returns:
        `homogeneity`, `completeness`, `v_measure`, `adjusted_rand_index`, `normalized_mutual_information` (arithmetic
        mean of the entropies); `classes_without_cluster` and `clusters_without_class`, lists of ids that occur;
        `classes` and `clusters`, a list for each id 1..C of the references, and for each predicted id, of their largest
        partners.
    """
    scale = int(max(table.gt.max(initial=0), table.pred.max(initial=0))) + 1
    keys, pixels = sum_groups((table.gt * scale + table.pred)[table.pixels > 0], table.pixels[table.pixels > 0])
    gt, pred = np.divmod(keys, scale)
    ids, clusters = np.unique(gt), np.unique(pred)
    with_cluster = {match[cluster] for cluster in clusters.tolist() if cluster in match}
    return {
        **_agreement(gt, pred, pixels),
        "classes_without_cluster": [i for i in ids.tolist() if i > 0 and i not in with_cluster],
        "clusters_without_class": [cluster for cluster in clusters.tolist() if cluster not in match],
        "classes": [entry for entry in _largest(gt, pred, pixels, "cluster") if entry["id"] > 0],
        "clusters": [{**entry, "class": match.get(entry["id"])} for entry in _largest(pred, gt, pixels, "id")],
    }


def _agreement(gt: Ints, pred: Ints, pixels: Ints) -> dict[str, float]:
    """Scores of the pairs of two labelings, each pair once."""
    total = int(pixels.sum())
    (_, rows), (_, columns) = sum_groups(gt, pixels), sum_groups(pred, pixels)
    of_gt, of_pred = _entropy(rows, total), _entropy(columns, total)
    by_row, by_column = rows[np.unique(gt, return_inverse=True)[1]], columns[np.unique(pred, return_inverse=True)[1]]
    # n / N log(n N / (a b)); a b exceeds 64 bits where an id fills a whole data set, as floats it does not
    terms = pixels / max(total, 1) * (np.log(pixels * float(total)) - np.log(by_row * by_column.astype(float)))
    shared = max(0.0, math.fsum(terms))
    homogeneity, completeness = (shared / entropy if entropy else 1.0 for entropy in (of_gt, of_pred))
    both = homogeneity + completeness
    mean = (of_gt + of_pred) / 2
    return {
        "homogeneity": homogeneity,
        "completeness": completeness,
        "v_measure": 2 * homogeneity * completeness / both if both else 0.0,
        "adjusted_rand_index": _adjusted_rand_index(pixels, rows, columns, total),
        "normalized_mutual_information": shared / mean if mean else 1.0,
    }


def _entropy(pixels: Ints, total: int) -> float:
    return -math.fsum(p * math.log(p) for p in (pixels / max(total, 1)).tolist()) if len(pixels) > 1 else 0.0


def _adjusted_rand_index(pixels: Ints, rows: Ints, columns: Ints, total: int) -> float:
    """From pairs of pixels that are together in both labelings, in one of them, in none; in integers of any size."""
    both, in_rows, in_columns = (sum(n * n for n in part.tolist()) for part in (pixels, rows, columns))
    together, rows_only, columns_only = both - total, in_rows - both, in_columns - both
    apart = total * total - in_rows - in_columns + both
    if not rows_only and not columns_only:
        return 1.0
    chance = (together + rows_only) * (rows_only + apart) + (together + columns_only) * (columns_only + apart)
    return 2 * (together * apart - rows_only * columns_only) / chance


def _largest(of: Ints, partners: Ints, pixels: Ints, name: str) -> list[dict[str, Any]]:
    """For each id its pixels and the largest of its partners, most pixels first; ties go to the smaller id."""
    order = np.lexsort((partners, -pixels, of))
    ids, starts = np.unique(of[order], return_index=True)
    entries = []
    for i, group in zip(ids.tolist(), np.split(order, starts[1:])):
        total = int(pixels[group].sum())
        largest = [
            {name: int(partners[k]), "pixels": int(pixels[k]), "share": int(pixels[k]) / total} for k in group[:_SHOWN]
        ]
        entries.append({"id": i, "pixels": total, "largest": largest})
    return entries
