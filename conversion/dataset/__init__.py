"""The data set: ImageNet and the annotations together (`source`), which images a split has (`split_plan`), its rows.

`image_selection` and `subset` choose images, `image_mask_pairs` and `plan_check` compare images with their masks,
`examples` makes finished tables. `config`, `split_builder` and `builder` are the `datasets.DatasetBuilder`, `load`
calls it, `registration` teaches `datasets` its name.
"""
