"""The official ImageNet-S tree, written from any ImageNet: what PASS, ImageNetSegModel and MMSegmentation read.

`export` plans every split as the builder does, so both have the same images; `images` brings them to their class
folders through a `Linker` (`linking`), which links, copies or writes one file at a time and never overwrites what
differs; files are written in a `temporary_folder` first.
"""

from .prepare_tree import PreparedSplit, prepare_tree

__all__ = ["PreparedSplit", "prepare_tree"]
