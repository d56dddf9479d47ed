"""WordNet's lemmas and definitions of ImageNet's classes, for prompts.

Source: WordNet 3.0 (Princeton University; `WORDNET-LICENSE.txt`), the synset whose offset is a wnid's number, in the
order of ImageNet's own list of its 1000 classes. Read on first use.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from ..core.read_only_dict import ReadOnlyDict


@dataclass(frozen=True)
class Synset:
    """A class of ImageNet.

    Attributes:
        lemmas: its words, the most usual one first, with spaces.
        definition: WordNet's gloss.
    """

    wnid: str
    lemmas: tuple[str, ...]
    definition: str


@functools.cache
def synsets() -> Mapping[str, Synset]:
    """Wnid -> synset of ImageNet's 1000 classes, in the order of the labels 0..999.

    Examples:
        >>> synsets()["n02110958"].lemmas
        ('pug', 'pug-dog')
    """
    text = resources.files(__package__).joinpath("imagenet.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    entries = (Synset(row["wnid"], tuple(row["lemmas"].split(", ")), row["definition"]) for row in rows)
    return ReadOnlyDict({synset.wnid: synset for synset in entries})
