"""A pull request on a model's repository that adds results to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from huggingface_hub import CommitOperationAdd, HfApi, get_token
from huggingface_hub.errors import LocalTokenNotFoundError

from ..core.hub_errors import readable_errors
from .eval_results import RESULTS_FILE, merged_file
from .repository import read_file


def propose_results(model: str, entries: Sequence[Mapping[str, Any]], description: str) -> str:
    """Open a pull request that adds entries to the results of a model; its owner merges or closes it.

    Returns:
        The address of the pull request.

    Raises:
        ImageNetSError: no token, no such repository, no connection, or a results file there that can't be read.
    """
    api = HfApi()
    with readable_errors(model, "opening a pull request on"):
        if get_token() is None:
            raise LocalTokenNotFoundError
        content = merged_file(read_file(api, model, RESULTS_FILE), entries, f"{RESULTS_FILE} of {model}")
        commit = api.create_commit(
            repo_id=model,
            operations=[CommitOperationAdd(path_in_repo=RESULTS_FILE, path_or_fileobj=content)],
            commit_message="Results on ImageNet-S",
            commit_description=description,
            create_pr=True,
        )
    return str(commit.pr_url)
