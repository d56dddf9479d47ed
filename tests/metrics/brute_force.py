"""A plain-Python evaluator, written from the definitions and from nothing of the package: slow, and obviously so."""

import math

IGNORED = 1000


def in_band(mask, y, x):
    """Erosion as the definition has it: does the square around the pixel hold another id, or leave the image?"""
    height, width = len(mask), len(mask[0])
    d = max(1, round(0.03 * math.sqrt(height**2 + width**2)))
    for v in range(y - d, y + d + 1):
        for u in range(x - d, x + d + 1):
            if not (0 <= v < height and 0 <= u < width) or mask[v][u] != mask[y][x]:
                return True
    return False


def mean(values):
    return sum(values) / len(values) if values else math.nan


def evaluate(pairs, num_classes, match):
    """All figures of (prediction, reference) pairs of nested lists; `match` is a dict; fractions."""
    images = []
    for pred, gt in pairs:
        pixels = []
        for y in range(len(gt)):
            for x in range(len(gt[0])):
                if gt[y][x] != IGNORED:
                    label = match.get(pred[y][x], f"cluster {pred[y][x]}")
                    pixels.append((gt[y][x], label, in_band(gt, y, x), in_band(pred, y, x), pred[y][x]))
        images.append(pixels)

    def ious(taken, band):
        hit, predicted, actual = ([0] * (num_classes + 1) for _ in range(3))
        for g, p, gb, pb, _ in taken:
            if not band or gb:
                actual[g] += 1
            if (not band or pb) and p in range(num_classes + 1):
                predicted[p] += 1
            if g == p and (not band or (gb and pb)):
                hit[g] += 1
        each = [h / (p + a - h) if p + a - h else 0.0 for h, p, a in zip(hit, predicted, actual)]
        return each, actual

    result = {}
    everything = [pixel for image in images for pixel in image]
    for band, prefix in ((False, ""), (True, "boundary_")):
        each, _ = ious(everything, band)
        result[f"per_category_{prefix}iou"] = each
        result[f"{prefix}mean_iou"] = mean(each)
        for size, low, high in (("s", -1, 5), ("ms", 5, 25), ("ml", 25, 50), ("l", 50, 100)):
            taken = []
            for image in images:
                areas = {g: sum(pixel[0] == g for pixel in image) for g in {pixel[0] for pixel in image} - {0}}
                chosen = {g for g, area in areas.items() if low < -((-100 * area) // len(image)) <= high}
                if chosen:
                    taken += [pixel for pixel in image if pixel[0] in chosen | {0}]
            each, actual = ious(taken, band)
            result[f"{prefix}mean_iou_{size}"] = mean([i for i, a in zip(each, actual) if a])

    hits, f = 0, []
    for image in images:
        areas = {}
        for _, label, _, _, cluster in image:
            if label != 0:
                # a cluster without a class keeps its own place, after all classes
                rank = label if isinstance(label, int) else num_classes + cluster
                areas[rank] = areas.get(rank, 0) + 1
        if areas:
            top = min(areas, key=lambda rank: (-areas[rank], rank))
            hits += top in {pixel[0] for pixel in image}
        both = sum(g > 0 and p != 0 for g, p, *_ in image)
        predicted, actual = sum(p != 0 for _, p, *_ in image), sum(g > 0 for g, *_ in image)
        if both:
            precision, recall = both / predicted, both / actual
            f.append(1.3 * precision * recall / (0.3 * precision + recall))
        else:
            f.append(0.0)
    result["image_accuracy"] = hits / len(images)
    result["f_measure"] = mean(f)
    return result


def overlaps(pairs, clusters, num_classes):
    """Images and pixels that each cluster shares with each class 1..C, as nested lists."""
    images = [[0] * num_classes for _ in clusters]
    pixels = [[0] * num_classes for _ in clusters]
    for pred, gt in pairs:
        flat = [(p, g) for prow, grow in zip(pred, gt) for p, g in zip(prow, grow) if g != IGNORED]
        for i, k in enumerate(clusters):
            for c in range(1, num_classes + 1):
                pixels[i][c - 1] += flat.count((k, c))
                images[i][c - 1] += any(p == k for p, _ in flat) and any(g == c for _, g in flat)
    return images, pixels
