"""A copy of ImageNet in whatever layout people have it: detected, indexed by file name, read image by image.

`detect` finds the layout; `image_folder`, `tar` and `parquet` read it (each an `ImageReader`, see `image_reader`);
`official_tree` and `converted` read the ImageNet-S tree and what `imagenet-s convert` wrote. May import `errors`,
`cache`, `facts`, `features`, `dataset_index`, `shuffling`.
"""
