"""The official ImageNet-S tree, written from any ImageNet: what PASS, ImageNetSegModel and MMSegmentation read.

`prepare_tree` plans every split as the builder does, so both have the same images. `images` and `masks` bring them to
their places through a `Placer`, which links, copies or writes one thing at a time and never overwrites what differs;
`guard` keeps it out of the source. Imports the rest of `conversion`; nothing of it imports this folder.
"""

from imagenet_s.conversion.official_tree.export import PreparedSplit, prepare_tree

__all__ = ["PreparedSplit", "prepare_tree"]
