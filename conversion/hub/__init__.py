"""Uploading to the Hugging Face Hub: a converted data set, private by default, or the metric as a Space.

- `upload_plan`: which files an upload consists of, checked against the index before anything is sent.
- `upload`: creates the repository, refuses one that would lose or expose something, and uploads, resumably.
- `error_messages`: the exceptions of `huggingface_hub` as messages that say what to do; no token is in them.

May import `conversion.errors` and, to know what a converted data set consists of, `conversion.shards`. The transfer
itself is `huggingface_hub`'s.
"""

from imagenet_s.conversion.hub.upload import push
from imagenet_s.conversion.hub.upload_plan import Upload, plan_push, plan_space

__all__ = ["Upload", "plan_push", "plan_space", "push"]
