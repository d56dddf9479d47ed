"""The figures of ImageNet-S. Imports nothing of this project outside this folder."""
