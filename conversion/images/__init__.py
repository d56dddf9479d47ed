"""Stored images without decoding them: their size, whether they are complete, and the orientation they ask for.

Start with `image_inspection`, which looks at one file; `image_header` reads the size, `exif` reads and rewrites the
orientation.
"""
