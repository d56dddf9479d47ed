"""Names of repositories on the Hub."""

from __future__ import annotations

import re

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

from ..core.errors import ImageNetSError

_KINDS = r"(?:datasets|spaces|models)/"
_ADDRESS = re.compile(rf"(?:(?:https?://[^/]+/|hf://)(?:{_KINDS})?|{_KINDS})(?!{_KINDS})([^/\s]+/[^/\s]+)/?$")
"""The address of a repository's page or file system; the group is its name."""


def check_repo_id(repo_id: str, option: str = "--repo-id", example: str = "me/imagenet-s") -> None:
    """Refuse a name that no repository of the Hub can have; needs no connection.

    Raises:
        ImageNetSError: it is no `name` or `owner/name`.
    """
    try:
        if not repo_id:
            raise HFValidationError("it is empty")
        validate_repo_id(repo_id)
    except HFValidationError as error:
        hint = ""
        if match := _ADDRESS.match(repo_id):
            hint = f" Did you mean {match[1]}?"
        raise ImageNetSError(f"{option} {repo_id}: expected a name as {example} ({error}).{hint}") from error
