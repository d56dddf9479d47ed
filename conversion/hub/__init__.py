"""Uploading to the Hugging Face Hub: a converted data set, private by default, or the metric as a Space.

`upload_plan` decides which files are uploaded, `upload` checks or creates the repository and sends them, `benchmark`
adds `eval.yaml`.
"""

from .upload import Pushed, push
from .upload_plan import Upload, plan_push, plan_space

__all__ = ["Pushed", "Upload", "plan_push", "plan_space", "push"]
