"""Upload to the Hub: check an existing repository or create one, upload the shards, then the files that name them."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import (
    EntryNotFoundError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    RepositoryNotFoundError,
)

from imagenet_s.conversion.dataset_index import INDEX, parse_index
from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.hub.upload_plan import Upload
from imagenet_s.conversion.hub_errors import readable_errors
from imagenet_s.conversion.shards.dataset_card import MARK

_CARD = "README.md"


def push(upload: Upload, public: bool = False) -> str:
    """Upload, resumably: files that have arrived are not sent again. Nothing on the Hub is deleted.

    Args:
        upload: from `plan_push` or `plan_space`; see also `Upload.check_visibility`.
        public: whether the repository, if it is created, is public.

    Returns:
        The URL of the repository.

    Raises:
        ImageNetSError: no token, no write access, no storage left, no connection, or a repository that exists already
            and is public or holds something else.
    """
    api = HfApi()
    with readable_errors(upload.repo_id, "looking for"):
        if get_token() is None:
            raise LocalTokenNotFoundError
        _check_existing(api, upload, public)
    with readable_errors(upload.repo_id, "creating"):
        url = api.create_repo(
            upload.repo_id,
            repo_type=upload.kind,
            private=not public,
            exist_ok=True,
            space_sdk="gradio" if upload.kind == "space" else None,
        )
        if not public and not api.repo_info(upload.repo_id, repo_type=upload.kind).private:
            raise ImageNetSError(f"{upload.repo_id} was created by somebody else at the same moment, and is public.")
    with readable_errors(upload.repo_id, "uploading to"):
        # In this order, a card never names shards that have not arrived.
        for names, what in ((upload.shards, "shards"), (upload.others, "card, labels and index")):
            if names:
                api.upload_folder(
                    repo_id=upload.repo_id,
                    repo_type=upload.kind,
                    folder_path=upload.folder,
                    allow_patterns=names,
                    commit_message=f"ImageNet-S: {what}" if upload.kind == "dataset" else "matched mIoU",
                )
    return str(url)


def _check_existing(api: HfApi, upload: Upload, public: bool) -> None:
    """Refuse an existing repository that is more public than asked for, or would lose something.

    Raises:
        ImageNetSError: it is public, its card is not from imagenet-s, or its index has splits that this upload lacks.
    """
    try:
        there = api.repo_info(upload.repo_id, repo_type=upload.kind)
    except RepositoryNotFoundError as error:
        # 401 answers an invalid token as well as a repository that is not visible: `whoami` tells them apart.
        if getattr(error.response, "status_code", None) == 401:
            api.whoami()
        return
    if not there.private and not public:
        raise ImageNetSError(
            f"{upload.repo_id} exists already and is public: make it private in its settings, or choose another name"
            + (" (--public if that is what you want)." if upload.index and not upload.index.has_images else ".")
        )
    if upload.index is None:
        return
    card = _read(api, upload, _CARD)
    if card is not None and MARK not in card.decode(errors="replace"):
        raise ImageNetSError(
            f"{upload.repo_id} has a {_CARD} that imagenet-s did not write and would replace: move it away or choose "
            "another name."
        )
    index = _read(api, upload, INDEX)
    if index is None:
        return
    older = parse_index(index, f"{INDEX} of {upload.repo_id}")
    lost = [
        f"{config} {split}"
        for config, one in older.configs.items()
        for split in one.splits
        if config not in upload.index.configs or split not in upload.index.configs[config].splits
    ]
    if lost:
        raise ImageNetSError(
            f"{upload.repo_id} holds {', '.join(lost)}, which {upload.folder} does not: the new card would no longer "
            "name them. Convert them into the same folder too, or choose another name."
        )


def _read(api: HfApi, upload: Upload, name: str) -> bytes | None:
    """The content of a file on the Hub; None where it has no such file."""
    try:
        path = api.hf_hub_download(upload.repo_id, name, repo_type=upload.kind)
    except LocalEntryNotFoundError as error:  # an EntryNotFoundError too, but it says that the Hub did not answer
        raise ConnectionError(f"{name} could not be read") from error
    except EntryNotFoundError:
        return None
    return Path(path).read_bytes()
