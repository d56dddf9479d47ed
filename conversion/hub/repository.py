"""Repositories on the Hub: their names, and the content of a file."""

from __future__ import annotations

import re
from pathlib import Path

from huggingface_hub import HfApi
from huggingface_hub.errors import EntryNotFoundError, HFValidationError, LocalEntryNotFoundError
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


def read_file(api: HfApi, repo_id: str, name: str, kind: str = "model") -> bytes | None:
    """The content of a file of a repository; None where it has no such file."""
    try:
        return Path(api.hf_hub_download(repo_id, name, repo_type=kind)).read_bytes()
    except LocalEntryNotFoundError as error:  # an EntryNotFoundError too, raised if the Hub did not answer
        raise ConnectionError(f"{name} could not be read") from error
    except EntryNotFoundError:
        return None
