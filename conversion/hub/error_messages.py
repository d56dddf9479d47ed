"""Exceptions of the Hub's client as messages: what happened, and what to do. No token is in any of them."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
from collections.abc import Iterator

from huggingface_hub import get_token
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError

from imagenet_s.conversion.errors import ImageNetSError

_LOGIN = (
    "log in with `hf auth login`, or set HF_TOKEN to a token with write access (https://huggingface.co/settings/tokens)"
)
_STORAGE = re.compile(r"storage|quota|limit", re.IGNORECASE)
_TOKEN = re.compile(r"hf_\w+")


def _network_errors() -> tuple[type[BaseException], ...]:
    """What the HTTP library of the installed `huggingface_hub` raises: requests, httpx or httpx2."""
    found: list[type[BaseException]] = [ConnectionError, TimeoutError]
    for library, name in (("httpx2", "TransportError"), ("httpx", "TransportError"), ("requests", "RequestException")):
        with contextlib.suppress(ImportError, AttributeError):
            found.append(getattr(importlib.import_module(library), name))
    return tuple(found)


@contextlib.contextmanager
def readable_errors(repo_id: str, doing: str) -> Iterator[None]:
    """Turn the exceptions of the Hub's client into one message.

    Args:
        repo_id: the repository, for the message.
        doing: what is being done, for the message: `"creating"`.

    Raises:
        ImageNetSError: in place of what the client raised.
    """
    try:
        yield
    except LocalTokenNotFoundError as error:
        raise ImageNetSError(f"no token for the Hub: {_LOGIN}.") from error
    except HFValidationError as error:
        raise ImageNetSError(f"--repo-id {repo_id}: {without_token(str(error))}") from error
    except HfHubHTTPError as error:
        raise ImageNetSError(f"{doing} {repo_id}: {_explain(error, repo_id)}") from error
    except _network_errors() as error:
        where = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
        reason = without_token(str(error)) or type(error).__name__
        raise ImageNetSError(
            f"{doing} {repo_id}: the connection to {where} failed ({reason}); what has arrived is kept, "
            "the same command resumes from there."
        ) from error


def without_token(text: str) -> str:
    """The text with every token replaced by asterisks."""
    token = get_token()
    return _TOKEN.sub("hf_***", text.replace(token, "***") if token else text)


def _explain(error: HfHubHTTPError, repo_id: str) -> str:
    status = getattr(error.response, "status_code", None)
    said = without_token(error.server_message or "").strip()
    quoted = f" (the Hub says: {said})" if said else ""
    if status in (402, 413) or (status == 403 and _STORAGE.search(said)):
        return (
            f"there is not enough room{quoted}. Free accounts have 100 GB for private repositories; all of 919 with "
            "`train` takes about 125 GB, the annotated splits about 5 GB."
        )
    if status == 401:
        return f"the token is not accepted{quoted}: {_LOGIN}."
    if status == 403:
        owner = repo_id.rpartition("/")[0] or "this account"
        return f"the token may not write to {owner}{quoted}: use one with write access, or another name."
    if status == 404:
        return f"there is no such repository, or the token may not see it{quoted}."
    return f"the Hub answered {status}{quoted or f' ({without_token(str(error).splitlines()[0])})'}."
