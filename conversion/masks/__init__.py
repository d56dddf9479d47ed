"""Masks: the codec of PNGs of class ids (`codec`), the pixels of one class (`target_mask`), and one reader a container.

`mask_folder`, `mask_zip` and `mask_shards` read the files of a folder, a zip and shards (`mask_reader` is what they
share). `find_masks` says which of them are the masks of a split (by their names: `mask_names`, `shard_files`), and
gives them as `split_masks`.
"""
