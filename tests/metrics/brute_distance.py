"""The distance matching protocol as loops over single numbers, written from nothing of the package."""

import math

import numpy as np


def nearest(place, before, after):
    """torch's nearest: one float32 division, one float32 product."""
    return min(int(np.float32(place) * (np.float32(before) / np.float32(after))), before - 1)


def brute_embeddings(features, mask, ignored=1000):
    depth, height, width = features.shape
    sums, counts = {}, {}
    for y in range(height):
        for x in range(width):
            key = int(mask[nearest(y, mask.shape[0], height), nearest(x, mask.shape[1], width)])
            counts[key] = counts.get(key, 0) + 1
            sums[key] = [a + float(features[i, y, x]) for i, a in enumerate(sums.get(key, [0.0] * depth))]
    result = {}
    for key in sorted(counts.keys() - {ignored}):
        mean = [a / counts[key] for a in sums[key]]
        length = math.sqrt(sum(a * a for a in mean))
        result[key] = [a / length for a in mean]
    return result


def brute_labels(features, bank, ids, k, temperature):
    depth, height, width = features.shape
    labels = []
    for y in range(height):
        for x in range(width):
            pixel = [float(features[i, y, x]) for i in range(depth)]
            length = math.sqrt(sum(a * a for a in pixel)) or 1.0
            near = sorted(((sum(a * float(b) for a, b in zip(pixel, row)) / length, i) for i, row in enumerate(bank)))[
                -k:
            ]
            votes = {}
            for similarity, i in near:
                votes[int(ids[i])] = votes.get(int(ids[i]), 0.0) + math.exp(similarity / temperature)
            labels.append(min(votes, key=lambda key: (-votes[key], key)))
    return np.array(labels).reshape(height, width)
