"""A copy of ImageNet in whatever layout people have it: detected, indexed by file name, read image by image.

`data_dir` is where a person says it is, `detect` finds it there, `layouts_in_folder` says what lies in a folder.
`image_folder`, `tar` and `parquet` read it (each an `ImageReader`, see `image_reader`), `combined_reader` reads several
of them together; `tree_images` and `converted_images` read the ImageNet-S tree and what `imagenet-s convert` wrote.
`orientation_index` knows which files of a folder `datasets` would turn, `unread_images` says why others are not read.
"""
