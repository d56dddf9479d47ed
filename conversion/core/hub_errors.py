"""Exceptions of the Hub's client as messages, for reading and for pushing: what happened, and what to do.

One table, from the exception (or the one that it wraps: the file system of the Hub and an upload wrap theirs) to a
message. No token is in any of them.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import os
import re
from collections.abc import Iterator

from .errors import ImageNetSError

UPLOADING = "uploading to"
"""What is being done where some of it may have arrived."""
_TOKENS = "https://huggingface.co/settings/tokens"
_STORAGE = re.compile(r"storage|quota|limit", re.IGNORECASE)
_TOKEN = re.compile(r"hf_\w+")
_HUB = re.compile(r"hf://(?P<kind>datasets|spaces|models)/(?P<name>[^/@]+/[^/@]+)(?:@(?P<revision>[^/]+))?")


_ENDPOINT = re.compile(r"https?://[^\s/]\S*")


@contextlib.contextmanager
def readable_errors(where: str, sending: str | None = None) -> Iterator[None]:
    """Turn what the Hub's client raises into one message; other exceptions pass.

    Args:
        where: the address that is read, or the repository that is written to.
        sending: what is being done when something is sent, for the message: `UPLOADING`, `"creating"`.

    Raises:
        ImageNetSError: in place of what the client raised.
    """
    if (sending or where.startswith("hf://")) and not _ENDPOINT.fullmatch(_endpoint()):
        raise ImageNetSError(
            f"$HF_ENDPOINT is {os.environ['HF_ENDPOINT']!r}: expected an address as https://huggingface.co, without "
            "blanks. Correct it, or unset it."
        )
    kinds: tuple[type[BaseException], ...] = (OSError, ValueError, RuntimeError, *_network_errors())
    try:
        yield
    except ImageNetSError:
        raise
    except kinds as error:
        message = explain(error, where, sending)
        if message is None:
            raise
        raise ImageNetSError(f"{sending} {where}: {message}" if sending else f"{where}: {message}") from error


def explain(error: BaseException, where: str, sending: str | None = None) -> str | None:
    """The message for an exception, or for the one it was raised from; None where it is none of the Hub's."""
    for raised in _chain(error):
        if message := _explain(raised, where, sending):
            return message
    if isinstance(error, FileNotFoundError) and where.startswith("hf://"):
        return "there is no such file or folder."
    return None


def without_token(text: str) -> str:
    """The text with every token replaced by asterisks."""
    from huggingface_hub import get_token

    token = get_token()
    return _TOKEN.sub("hf_***", text.replace(token, "***") if token else text)


def _explain(error: BaseException, where: str, sending: str | None) -> str | None:
    from huggingface_hub import errors

    if isinstance(error, errors.LocalTokenNotFoundError):
        return f"no token for the Hub: {_login(sending)}."
    if isinstance(error, errors.OfflineModeIsEnabled):
        instead = "" if sending else ", or name a folder that was downloaded before"
        return f"HF_HUB_OFFLINE is set, and this is on the Hub: unset it{instead}."
    if isinstance(error, (errors.HFValidationError, getattr(errors, "HfUriError", errors.HFValidationError))):
        return f"this names no repository of the Hub ({without_token(str(error))})."
    if isinstance(error, errors.HfHubHTTPError) or getattr(getattr(error, "response", None), "status_code", None):
        return _explain_status(error, where, sending)
    if isinstance(error, json.JSONDecodeError) or type(error).__name__ == "JSONDecodeError":
        return (
            f"what answers at {_endpoint()} is not the Hub, it sends no JSON ({without_token(str(error))}): is there a "
            "login page of the network in between, or does $HF_ENDPOINT name something else?"
        )
    if isinstance(error, _network_errors()):
        reason = without_token(str(error)) or type(error).__name__
        next_step = "nothing was sent by this step; the same command tries it again" if sending else "try again"
        if sending == UPLOADING:
            next_step = "what has arrived is kept, the same command resumes from there"
        return f"the connection to {_endpoint()} failed ({reason}); {next_step}."
    return None


def _explain_status(error: BaseException, where: str, sending: str | None) -> str:
    from huggingface_hub import errors

    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    answer = " ".join(without_token(getattr(error, "server_message", None) or "").split())[:300]
    quoted = f" (the Hub says: {answer})" if answer else ""
    page = _page(where)
    if isinstance(error, errors.GatedRepoError):
        return f"access is granted on request{quoted}: ask for it at {page}, then {_login(sending)}."
    if isinstance(error, errors.RevisionNotFoundError):
        match = _HUB.match(where)
        revision = match["revision"] if match and match["revision"] else "main"
        return f"it has no revision {revision}{quoted}: see {page} for those it has."
    if status in (402, 413) or (status == 403 and _STORAGE.search(answer)):
        return (
            f"there is not enough room{quoted}. Free accounts have 100 GB for private repositories; all of 919 with "
            "`train` takes about 125 GB, the annotated splits about 5 GB."
        )
    if isinstance(error, errors.EntryNotFoundError):
        return f"there is no such file or folder{quoted}."
    if status == 401 and isinstance(error, errors.RepositoryNotFoundError) and not sending:
        return f"there is no such repository, or it is not visible without a token: {_login(sending)}."
    if status == 401:
        return f"the token is not accepted{quoted}: {_login(sending)}."
    if status == 403 and sending:
        owner = where.rpartition("/")[0] or "this account"
        return f"the token may not write to {owner}{quoted}: use one with write access, or another name."
    if status == 403:
        return f"the token may not read it{quoted}: ask for access at {page}, or {_login(sending)}."
    if status == 404:
        hint = "" if sending else f": compare the name with {page}"
        return f"there is no such repository, or the token may not see it{quoted}{hint}."
    if status == 429:
        return f"the Hub is asked too often{quoted}: wait some minutes and run it again; a token has a higher limit."
    if status == 511:
        return f"the network wants you to log in first{quoted}."
    if status is not None and status >= 500:
        return f"the Hub is busy or out of order, it answered {status}{quoted}: run it again later."
    return f"the Hub answered {status}{quoted or f' ({without_token(str(error).splitlines()[0])})'}."


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    inner: BaseException | None = error
    while inner is not None and id(inner) not in seen:
        seen.add(id(inner))
        yield inner
        inner = inner.__cause__ or inner.__context__


def _login(sending: str | None) -> str:
    access = "write" if sending else "read"
    return f"log in with `hf auth login`, or set HF_TOKEN to a token with {access} access ({_TOKENS})"


def _endpoint() -> str:
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


def _page(where: str) -> str:
    match = _HUB.match(where)
    if match is None:
        return f"{_endpoint()}/{where}"
    return f"{_endpoint()}/{'' if match['kind'] == 'models' else match['kind'] + '/'}{match['name']}"


@functools.cache
def _network_errors() -> tuple[type[BaseException], ...]:
    """What the HTTP library of the installed `huggingface_hub` raises: requests, httpx or httpx2."""
    kinds: list[type[BaseException]] = [ConnectionError, TimeoutError]
    for library, name in (("httpx2", "TransportError"), ("httpx", "TransportError"), ("requests", "RequestException")):
        with contextlib.suppress(ImportError, AttributeError):
            kinds.append(getattr(importlib.import_module(library), name))
    return tuple(kinds)
