"""Masks: the codec of PNGs of class ids (`codec`), the pixels of one class (`target_mask`), and one reader a container.

`mask_folder`, `mask_zip` and `mask_shards` read the masks of a folder, a zip and a converted data set; `mask_reader` is
what they share.
"""
