"""`eval.yaml` beside a data set of masks. It is committed separately, because the Hub may refuse this file."""

from __future__ import annotations

import yaml
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

from ..core.hub_errors import explain
from .eval_results import BENCHMARK_FILE, FRAMEWORK
from .upload_plan import Upload

_REFUSED = (400, 403, 422)
"""The statuses with which the Hub refuses a file."""


def push_benchmark(api: HfApi, upload: Upload, existing: bytes | None) -> str:
    """Add `eval.yaml` to a repository, or bring it up to date.

    Args:
        api: the Hub's client.
        upload: the upload of a data set.
        existing: the `eval.yaml` of the repository; None where it has none.

    Returns:
        A sentence on why the file was not added; "" where it was added, is up to date, or does not belong here.

    Raises:
        HfHubHTTPError: the Hub failed in another way than refusing the file.
    """
    if upload.benchmark is None or existing == upload.benchmark:
        return ""
    if existing is not None and not _is_ours(existing):
        return f"{upload.repo_id} has an {BENCHMARK_FILE} that imagenet-s did not write: it stays as it is."
    try:
        api.upload_file(
            repo_id=upload.repo_id,
            repo_type=upload.kind,
            path_or_fileobj=upload.benchmark,
            path_in_repo=BENCHMARK_FILE,
            commit_message="ImageNet-S: tasks for evaluation results",
        )
    except HfHubHTTPError as error:
        if getattr(error.response, "status_code", None) not in _REFUSED:
            raise
        return (
            f"Everything is there but {BENCHMARK_FILE}: {explain(error, upload.repo_id, 'adding')} The Hub takes "
            f"it once the framework {FRAMEWORK!r} is listed there; models can name their results before."
        )
    return ""


def _is_ours(content: bytes) -> bool:
    try:
        benchmark = yaml.safe_load(content)
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: no UTF-8, a date that is none
        return False
    return isinstance(benchmark, dict) and benchmark.get("evaluation_framework") == FRAMEWORK
