"""Uploading to the Hugging Face Hub: a converted data set (private by default), the metric as a Space, or results.

Start with `upload_plan`, which decides which files are uploaded; `upload` sends them, and `benchmark` adds `eval.yaml`.
`eval_results` describes scored runs as the Hub expects them, `pull_request` proposes them to a model's repository.
"""

from .upload import Pushed, push
from .upload_plan import Upload, plan_push, plan_space

__all__ = ["Pushed", "Upload", "plan_push", "plan_space", "push"]
