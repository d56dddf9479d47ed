"""Masks where they lie: in an archive, in an extracted tree, in a converted data set."""
