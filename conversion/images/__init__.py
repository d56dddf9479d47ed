"""Stored images without decoding them: their size, whether they are complete, and the orientation they ask for.

Start with `image_inspection`, which looks at one file; `image_header` reads sizes from the first bytes, `exif` reads and
rewrites the orientation.
"""
