"""The Hugging Face Hub: what was converted goes up, privately; the metric as a Space.

`contents` says what would be sent, `push` sends it, `errors` turns the Hub's answers into messages. May import
`conversion.shards` and `conversion.errors`; the uploading itself is `huggingface_hub`'s.
"""

from imagenet_s.conversion.hub.contents import Upload, plan_push, plan_space
from imagenet_s.conversion.hub.push import push

__all__ = ["Upload", "plan_push", "plan_space", "push"]
