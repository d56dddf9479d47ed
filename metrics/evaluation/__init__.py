"""Masks to counts: the masks of two places paired by name (`pairing`), and counted by several processes (`scoring`)."""
