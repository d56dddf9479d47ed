"""Somebody's ImageNet, in whatever form they have it: recognised by looking, indexed by basename, read image by image.

`recognise` finds the form, `folders`, `tars` and `parquet` are the forms (each a `ImageReader`), `tree` is the official
ImageNet-S tree; `asking` asks a disk about many files. May import `conversion.facts`, `conversion.errors`,
`conversion.order`; nothing else of the project.
"""
