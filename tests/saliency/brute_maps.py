"""A plain-Python scorer of maps, written from the definitions and from nothing of the package: slow, obviously so."""

import math

IGNORED = 1000
BINS = [i * 0.001 for i in range(1000)] + [1.0]


def ratio(part, whole):
    return part / whole if whole else 0.0


def precision_by_recall(scores, labels):
    """Average precision: one step for each distinct score, greatest first."""
    positives, area, recall = sum(labels), 0.0, 0.0
    for value in sorted(set(scores), reverse=True):
        hits = sum(label for score, label in zip(scores, labels) if score >= value)
        picked = sum(score >= value for score in scores)
        area += (hits / positives - recall) * hits / picked
        recall = hits / positives
    return area


def iou(picked, truth):
    return sum(p and g for p, g in zip(picked, truth)) / sum(p or g for p, g in zip(picked, truth))


def relevance_of(x, kind):
    return {"signed": x, "positive": max(x, 0.0), "absolute": abs(x)}[kind]


def pixels_of(values, mask, target, relevance="signed"):
    """(place, value, whether it is of the target) of every pixel that counts."""
    return [
        ((y, x), relevance_of(float(values[y][x]), relevance), mask[y][x] == target)
        for y in range(len(mask))
        for x in range(len(mask[0]))
        if mask[y][x] != IGNORED
    ]


def scaled(x):
    low, high = min(x), max(x)
    return [0.0 if high == low else (item - low) / (high - low) for item in x]


def picked_by(threshold, x, s, rounding=0.0):
    if threshold == "mean":
        mean = math.fsum(x) / len(x)
        return [max(x) > min(x) and item > mean for item in x]
    if threshold == "mean_std":
        mean = math.fsum(s) / len(s)
        cut = mean + math.sqrt(math.fsum((item - mean) ** 2 for item in s) / len(s))
        return [max(x) > min(x) and item >= cut + rounding for item in s]
    return [item >= threshold for item in s]


def score(values, mask, target, thresholds=(0.5, "mean"), tolerance=0, relevance="signed", rounding=0.0):
    """Every score of an image by its name; None where no pixel that counts is of the target.

    `rounding` is added to mean + standard deviation, for maps with a pixel that only rounding sets above or below it.
    """
    pixels = pixels_of(values, mask, target, relevance)
    places, x, truth = ([pixel[i] for pixel in pixels] for i in range(3))
    k, n = sum(truth), len(pixels)
    if not k:
        return None
    s = scaled(x)
    objects = [place for place, inside in zip(places, truth) if inside]

    def hit(place, inside):
        near = (math.dist(place, other) < tolerance for other in objects)
        return inside or (tolerance > 1 and any(near))

    maxima = [hit(place, inside) for place, value, inside in pixels if value == max(x)]
    mass = [max(item, 0.0) for item in x]
    cut = sorted(x, reverse=True)[k - 1]
    above = [inside for one, inside in zip(x, truth) if one > cut]
    tied = [inside for one, inside in zip(x, truth) if one == cut]
    on, off = ([one for one, inside in zip(x, truth) if inside == side] for side in (True, False))
    pairs = [(a > b) + (a == b) / 2 for a in on for b in off]
    result = {
        "pointing_game": sum(maxima) / len(maxima),
        "energy_pointing_game": ratio(sum(m for m, inside in zip(mass, truth) if inside), sum(mass)),
        "relevance_rank_accuracy": (sum(above) + (k - len(above)) * sum(tied) / len(tied)) / k,
        "average_precision": precision_by_recall(x, truth),
        "auroc": sum(pairs) / len(pairs) if off else math.nan,
        "mean_score_contrast": (
            sum(one for one, inside in zip(s, truth) if inside) / k
            - sum(one for one, inside in zip(s, truth) if not inside) / (n - k)
            if off
            else math.nan
        ),
        "image_max_iou": max(iou([item >= value for item in x], truth) for value in set(x)),
        "mean_average_precision": (
            precision_by_recall(s + [1 - item for item in s], [*truth, *(not inside for inside in truth)])
            if max(x) > min(x)
            else 0.5
        ),
    }
    for threshold in thresholds:
        picked = picked_by(threshold, x, s, rounding)
        both = sum(p and g for p, g in zip(picked, truth))
        name = threshold if isinstance(threshold, str) else format(threshold, "g")
        result |= {
            f"iou_at_{name}": iou(picked, truth),
            f"pixel_accuracy_at_{name}": sum(p == g for p, g in zip(picked, truth)) / n,
            f"ground_truth_coverage_at_{name}": both / k,
            f"saliency_coverage_at_{name}": ratio(both, sum(picked)),
        }
    return result


def pooled(images):
    """The figures over all pixels of (values, mask, target) triples."""
    tp = fp = fn = tn = 0
    hits, outside = [0] * 1001, [0] * 1001
    ious = [[] for _ in BINS]
    for image in images:
        pixels = pixels_of(*image)
        x, truth = ([pixel[i] for pixel in pixels] for i in (1, 2))
        if not any(truth):
            continue
        for p, g in zip(picked_by("mean", x, None), truth):
            tp, fp, fn, tn = tp + (p and g), fp + (p and not g), fn + (g and not p), tn + (not p and not g)
        s = scaled(x)
        for one, inside in zip(s, truth):
            place = max(i for i, edge in enumerate(BINS) if edge <= one)
            (hits if inside else outside)[place] += 1
        for i, edge in enumerate(BINS):
            ious[i].append(iou([item >= edge for item in s], truth))
    area = gained = picked = 0
    for inside, other in zip(hits[::-1], outside[::-1]):
        gained, picked = gained + inside, picked + inside + other
        area += ratio(inside, sum(hits)) * ratio(gained, picked)
    curve = [math.fsum(item) / len(item) for item in ious]
    return {
        "pixel_accuracy": (tp + tn) / (tp + fp + fn + tn),
        "mean_iou": (ratio(tp, tp + fp + fn) + ratio(tn, tn + fp + fn)) / 2,
        "px_ap": area,
        "dataset_max_iou": max(curve),
    }
