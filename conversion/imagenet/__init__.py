"""A copy of ImageNet in whatever layout people have it: detected, indexed by file name, read image by image.

`detect` finds it: `places` says where it may lie, `forms` what lies there, `addresses` lists what is on the Hub,
`explain` says what was seen where nothing is found. `image_folder`, `tar` and `parquet` read it (each an `ImageReader`,
see `image_reader`), `combined` reads several of them together; `official_tree` and `converted` read the ImageNet-S tree
and what `imagenet-s convert` wrote.
"""
