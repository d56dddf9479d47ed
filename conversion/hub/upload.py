"""Upload to the Hub: check an existing repository or create one, upload the shards, then the files that name them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import LocalTokenNotFoundError, RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile

from ..converted.dataset_index import INDEX, parse_index
from ..core.errors import ImageNetSError, some
from ..core.hub_errors import UPLOADING, readable_errors
from ..shards.dataset_card import MARK, has_additions, make_card, merge_cards
from .benchmark import push_benchmark
from .eval_results import BENCHMARK_FILE
from .repository import read_file
from .upload_plan import Upload

_CARD = "README.md"


@dataclass(frozen=True)
class Pushed:
    """What a push did.

    Attributes:
        url: of the repository.
        sent: names and sizes in bytes of the files that are new or changed on the Hub.
        note: a sentence on what was left out; "" if nothing was.
    """

    url: str
    sent: tuple[tuple[str, int], ...]
    note: str = ""


def push(upload: Upload, public: bool = False) -> Pushed:
    """Upload, resumably: files that have arrived are not sent again. Nothing on the Hub is deleted.

    Text that people added to the card on the Hub, outside its generated part, stays.

    Args:
        upload: from `plan_push` or `plan_space`; see also `Upload.check_visibility`.
        public: whether the repository, if it is created, is public.

    Raises:
        ImageNetSError: no token, no write access, no storage left, no connection, or a repository that exists already
            and is public or holds something else.
    """
    api = HfApi()
    with readable_errors(upload.repo_id, "looking for"):
        if get_token() is None:
            raise LocalTokenNotFoundError
        card = _check_existing(api, upload, public)
    with readable_errors(upload.repo_id, "creating"):
        url = api.create_repo(
            upload.repo_id,
            repo_type=upload.kind,
            private=not public,
            exist_ok=True,
            space_sdk="gradio" if upload.kind == "space" else None,
        )
        before = api.repo_info(upload.repo_id, repo_type=upload.kind)
        if not public and not before.private:
            raise ImageNetSError(f"{upload.repo_id} was created by somebody else at the same moment, and is public.")
    with readable_errors(upload.repo_id, UPLOADING):
        others = [name for name in upload.others if card is None or name != _CARD]
        # In this order, a card never names shards that have not arrived.
        for names, what in ((upload.shards, "shards"), (others, "card, labels and index")):
            if names:
                api.upload_folder(
                    repo_id=upload.repo_id,
                    repo_type=upload.kind,
                    folder_path=upload.folder,
                    allow_patterns=names,
                    commit_message=f"ImageNet-S: {what}" if upload.kind == "dataset" else "matched mIoU",
                )
        if card is not None:
            api.upload_file(
                repo_id=upload.repo_id,
                repo_type=upload.kind,
                path_or_fileobj=card,
                path_in_repo=_CARD,
                commit_message="ImageNet-S: card",
            )
        note = ""
        if upload.benchmark:
            note = push_benchmark(api, upload, read_file(api, upload.repo_id, BENCHMARK_FILE, upload.kind))
        sent = _changed(api, upload, before.sha)
    return Pushed(str(url), sent, note)


def _changed(api: HfApi, upload: Upload, before: str | None) -> tuple[tuple[str, int], ...]:
    """The files that differ from those of an earlier commit."""
    after = api.repo_info(upload.repo_id, repo_type=upload.kind).sha
    if after == before:
        return ()
    old, new = (
        {
            entry.path: (entry.blob_id, entry.size)
            for entry in api.list_repo_tree(upload.repo_id, recursive=True, revision=revision, repo_type=upload.kind)
            if isinstance(entry, RepoFile)
        }
        for revision in (before, after)
    )
    return tuple((path, size) for path, (blob, size) in new.items() if old.get(path, ("", 0))[0] != blob)


def _check_existing(api: HfApi, upload: Upload, public: bool) -> bytes | None:
    """Refuse an existing repository that is more public than asked for, or would lose something.

    Returns:
        The card to upload in place of the local one, if people added something to the card on the Hub; else None.

    Raises:
        ImageNetSError: it is public, its card or labels are not from imagenet-s, or its index has splits that this
            upload lacks.
    """
    try:
        repository = api.repo_info(upload.repo_id, repo_type=upload.kind)
    except RepositoryNotFoundError as error:
        # 401 answers an invalid token as well as a repository that is not visible: `whoami` tells them apart.
        if getattr(error.response, "status_code", None) == 401:
            api.whoami()
        return None
    if not repository.private and not public:
        raise ImageNetSError(
            f"{upload.repo_id} exists already and is public: make it private in its settings, or choose another name"
            + (" (--public if that is what you want)." if upload.index and not upload.index.has_images else ".")
        )
    if upload.index is None:
        return None
    card = read_file(api, upload.repo_id, _CARD, upload.kind)
    if card is not None and MARK not in card.decode(errors="replace"):
        raise ImageNetSError(
            f"{upload.repo_id} has a {_CARD} that imagenet-s did not write and would replace: move it away or choose "
            "another name."
        )
    index = read_file(api, upload.repo_id, INDEX, upload.kind)
    if index is None:
        if card is None:
            _refuse_foreign({sibling.rfilename for sibling in getattr(repository, "siblings", None) or ()}, upload)
        return _card_to_upload(upload, card)
    older = parse_index(index, f"{INDEX} of {upload.repo_id}")
    lost = [
        f"{config} {split}"
        for config, converted in older.configs.items()
        for split in converted.splits
        if config not in upload.index.configs or split not in upload.index.configs[config].splits
    ]
    if lost:
        raise ImageNetSError(
            f"{upload.repo_id} holds {', '.join(lost)}, which {upload.folder} does not: the new card would no longer "
            "name them. Convert them into the same folder too, or choose another name."
        )
    return _card_to_upload(upload, card)


def _refuse_foreign(names: set[str], upload: Upload) -> None:
    """Refuse to replace files of a repository without our card and index; it may hold shards of an interrupted push."""
    if foreign := [name for name in upload.others if name in names]:
        raise ImageNetSError(
            f"{upload.repo_id} has {some(foreign)}, which imagenet-s did not write and would replace: move it away or "
            "choose another name."
        )


def _card_to_upload(upload: Upload, existing: bytes | None) -> bytes | None:
    """The local card with the additions of the card on the Hub; None if the local one can be uploaded as it is.

    Raises:
        ImageNetSError: both have additions, and they differ.
    """
    local = Path(upload.folder, _CARD).read_bytes()
    if existing is None or upload.index is None or not has_additions(existing, local):
        return None
    generated = make_card(upload.index).encode()
    if not has_additions(existing, generated):
        return None
    if has_additions(local, generated):
        raise ImageNetSError(
            f"the {_CARD} of {upload.repo_id} and that of {upload.folder} were both added to, and differently: put all "
            "of it into the local one, around the generated part."
        )
    return merge_cards(existing, local, f"{_CARD} of {upload.repo_id}")
