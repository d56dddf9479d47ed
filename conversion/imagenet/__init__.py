"""A copy of ImageNet in whatever layout people have it: detected, indexed by file name, read image by image.

`detect` finds the layout; `image_folder`, `tar` and `parquet` read it (each an `ImageReader`, see `image_reader`);
`official_tree` is the ImageNet-S tree as a source. May import `errors`, `cache`, `facts`, `features`, `shuffling`.
"""
