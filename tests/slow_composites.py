"""The pictures of `composite` pixel by pixel, written from their definitions and from nothing of the package."""

import math

from PIL import Image, ImageFilter

MEAN = (124, 116, 104)


def regions(ids, category):
    """(object, hidden) as sets of (y, x)."""
    where = {(y, x): ids[y][x] for y in range(len(ids)) for x in range(len(ids[0]))}
    shown = {place for place, value in where.items() if value == category}
    return shown, shown | {place for place, value in where.items() if value == 1000}


def box_of(region):
    ys, xs = [y for y, _ in region], [x for _, x in region]
    return min(ys), min(xs), max(ys), max(xs)


def fill(image, region, how):
    """The image with the pixels of a region replaced."""
    picture = image.copy()
    if not region:
        return picture
    width, height = image.size
    places = [(y, x) for y in range(height) for x in range(width)]
    kept = [place for place in places if place not in region]
    colours = {}
    if how == "blur" and kept:
        mean = tuple(round(sum(image.getpixel((x, y))[c] for y, x in kept) / len(kept)) for c in range(3))
        ground = image.copy()
        for y, x in region:
            ground.putpixel((x, y), mean)
        blurred = ground.filter(ImageFilter.GaussianBlur(0.02 * math.sqrt(width**2 + height**2)))
        colours = {(y, x): blurred.getpixel((x, y)) for y, x in region}
    elif how == "tile":
        top, left, last_row, last_column = box_of(region)
        strips = [
            (top, (0, 0, width, top)),
            (height - 1 - last_row, (0, last_row + 1, width, height)),
            (left, (0, 0, left, height)),
            (width - 1 - last_column, (last_column + 1, 0, width, height)),
        ]
        widest, box = max(strips, key=lambda strip: strip[0])
        if widest >= 8:
            strip = image.crop(box)
            colours = {(y, x): strip.getpixel(((x - left) % strip.width, (y - top) % strip.height)) for y, x in region}
    elif isinstance(how, tuple):
        colours = dict.fromkeys(region, how)
    for y, x in region:
        picture.putpixel((x, y), colours.get((y, x), MEAN))
    return picture


def cover(image, size):
    """Resized so that it covers a size, with the middle of what is too long."""
    width, height = image.size
    if width * size[1] > height * size[0]:
        part = height * size[0] / size[1], height
    else:
        part = width, width * size[1] / size[0]
    left, top = (width - part[0]) / 2, (height - part[1]) / 2
    return image.resize(size, Image.Resampling.BICUBIC, box=(left, top, left + part[0], top + part[1]))


def picture(kind, image, ids, category, how, partner=None):
    """`partner`: (image, ids, category)."""
    shown, hidden = regions(ids, category)
    width, height = image.size
    everything = {(y, x) for y in range(height) for x in range(width)}
    if kind == "original":
        return image
    if kind == "object":
        return fill(image, everything - shown, how)
    if kind == "background":
        return fill(image, hidden, how)
    if kind == "background_box":
        if not hidden:
            return image
        top, left, bottom, right = box_of(hidden)
        return fill(image, {(y, x) for y, x in everything if top <= y <= bottom and left <= x <= right}, how)
    result = cover(picture("background", *partner, how), image.size)
    for y, x in shown:
        result.putpixel((x, y), image.getpixel((x, y)))
    return result
