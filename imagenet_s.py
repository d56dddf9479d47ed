"""ImageNet-S for Hugging Face: stub while the parts are written."""

from __future__ import annotations

import os

# This module makes itself the package, so that a checkout can keep its folders at the top: in a checkout they lie
# beside this file, in an installed copy inside imagenet_s/ beside it.
_HERE = os.path.dirname(os.path.abspath(__file__))
__path__ = [_INSTALLED if os.path.isdir(_INSTALLED := os.path.join(_HERE, "imagenet_s")) else _HERE]
if __spec__ is not None:
    __spec__.submodule_search_locations = __path__
