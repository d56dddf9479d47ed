"""Where points are lost, pixel by pixel in plain Python: mends the pixels and scores them again."""

import itertools
import math
from collections import Counter

from brute_force import evaluate, in_band

KINDS = ("background_as_object", "object_as_background", "wrong_class", "unmatched")


def kind_of(true, label):
    if label == true:
        return None
    if label is None:
        return "unmatched"
    if true == 0:
        return "background_as_object"
    return "object_as_background" if label == 0 else "wrong_class"


def anatomy(pairs, num_classes, match, localized_at=0.5):
    """`pairs`: predictions and references as nested lists."""
    pixels = [
        (number, gt[y][x], match.get(pred[y][x]), pred[y][x], in_band(gt, y, x))
        for number, (pred, gt) in enumerate(pairs)
        for y, x in itertools.product(range(len(gt)), range(len(gt[0])))
        if gt[y][x] != 1000
    ]

    def mean_iou(labelled):
        ious = []
        for i in range(num_classes + 1):
            both = sum(t == i and p == i for t, p in labelled)
            either = sum(t == i or p == i for t, p in labelled)
            ious.append(both / either if either else 0.0)
        return sum(ious) / len(ious), ious

    labelled = [(true, label) for _, true, label, _, _ in pixels]
    before, ious = mean_iou(labelled)
    wrong = sum(true != label for true, label in labelled)
    kinds = {}
    for kind, band in itertools.product(KINDS, (True, False)):
        chosen = [kind_of(true, label) == kind and in_it == band for _, true, label, _, in_it in pixels]
        after, _ = mean_iou([(t, t) if mend else (t, p) for (t, p), mend in zip(labelled, chosen)])
        kinds[f"{kind}_{'boundary' if band else 'interior'}"] = {
            "pixels": sum(chosen),
            "share": sum(chosen) / wrong if wrong else 0.0,
            "mean_iou_gain": after - before,
        }
    images = dict.fromkeys(("right", "wrong_class_right_place", "right_class_wrong_place", "wrong"), 0)
    for number, pair in enumerate(pairs):
        own = [(true, label) for n, true, label, _, _ in pixels if n == number]
        if not any(true for true, _ in own):
            continue
        recognized = evaluate([pair], num_classes, match)["image_accuracy"] == 1
        both = sum(true > 0 and label != 0 for true, label in own)
        either = sum(true > 0 or label != 0 for true, label in own)
        localized = both / either >= localized_at
        names = {(1, 1): "right", (0, 1): "wrong_class_right_place", (1, 0): "right_class_wrong_place", (0, 0): "wrong"}
        images[names[recognized, localized]] += 1
    per_category = []
    for i in range(num_classes + 1):
        parts = Counter()
        for true, label in labelled:
            if true == label or i not in (true, label):
                continue
            if true == i:
                name = "unmatched" if label is None else "background" if label == 0 else "another_class"
                parts[f"missed_as_{name}"] += 1
            else:
                parts["false_on_background" if true == 0 else "false_on_another_class"] += 1
        total = sum(parts.values())
        names = [f"missed_as_{end}" for end in ("background", "another_class", "unmatched")]
        names += ["false_on_background", "false_on_another_class"]
        shares = {name: parts[name] / total if total else 0.0 for name in names}
        per_category.append({"id": i, "iou": ious[i], "wrong_pixels": total, **shares})
    return {
        "mean_iou": before,
        "pixels": len(pixels),
        "wrong_pixels": wrong,
        "kinds": kinds,
        "images": images,
        "per_category": per_category,
    }, [(true, cluster) for _, true, _, cluster, _ in pixels]


def agreement(labelled):
    """Homogeneity, completeness and adjusted Rand index of (true, cluster) pixels, from their definitions."""
    n = len(labelled)
    true, cluster, both = Counter(t for t, _ in labelled), Counter(c for _, c in labelled), Counter(labelled)

    def entropy(counts):
        return -sum(k / n * math.log(k / n) for k in counts.values())

    def conditional(counts, side):
        return -sum(k / n * math.log(k / counts[pair[side]]) for pair, k in both.items())

    def pairs(counts):
        return sum(math.comb(k, 2) for k in counts.values())

    homogeneity = 1 - conditional(cluster, 1) / entropy(true) if entropy(true) else 1.0
    completeness = 1 - conditional(true, 0) / entropy(cluster) if entropy(cluster) else 1.0
    expected = pairs(true) * pairs(cluster) / math.comb(n, 2)
    largest = (pairs(true) + pairs(cluster)) / 2
    rand = (pairs(both) - expected) / (largest - expected) if largest != expected else 1.0
    total = homogeneity + completeness
    return {
        "homogeneity": homogeneity,
        "completeness": completeness,
        "v_measure": 2 * homogeneity * completeness / total if total else 0.0,
        "adjusted_rand_index": rand,
    }
