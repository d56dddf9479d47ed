"""Which files in the folder of a result are ours: only those are replaced or removed.

Shards are known by the plan, the completion markers and the index of the run that wrote them. Of the small files around
them `.imagenet-s/files.json` holds the sha256; a card is known by its mark. A result without that folder, cloned from
the Hub, say, has the small files that its index asks for.
"""

from __future__ import annotations

import hashlib
import json

from ..converted.dataset_index import Format, Index
from ..core.errors import ImageNetSError, some
from ..facts import CONFIG_NAMES
from .dataset_card import MARK, merge_cards
from .repository_files import CARD, LABELS, arrow_names, labels, repository_files
from .resume import WORKING_FOLDER, PlanRecord, shards_of_earlier_runs
from .storage import Storage
from .writers import shard_name

_RECORD = f"{WORKING_FOLDER}/files.json"


class WrittenFiles:
    """The small files of a result, as earlier runs wrote them."""

    def __init__(self, storage: Storage, index: Index) -> None:
        self._storage = storage
        self._known = _parse(storage.read(_RECORD))
        for name, data in repository_files(index).items():
            self._known.setdefault(name, set()).add(_sha256(data))

    def refuse_foreign(self, index: Index, config: str, form: Format, splits: list[str]) -> None:
        """Refuse to go on where a file that would be written is there and not ours.

        Raises:
            ImageNetSError: such files, all named.
        """
        names = {CARD, LABELS, *(f"{name}/{LABELS}" for name in {*index.configs, config})}
        if form == "arrow":
            names.update(arrow_names(config, splits))
        self._refuse(sorted(name for name in names if not self._is_ours(name, self._storage.read(name))))

    def refuse_foreign_shards(self, index: Index, record: PlanRecord) -> None:
        """The same for the shards of a split that is written from the beginning."""
        ours = shards_of_earlier_runs(self._storage, index, record.config, record.split)
        names = [
            shard_name(record.form, record.config, record.split, number, record.shards)
            for number in range(record.shards)
        ]
        folder = names[0].rpartition("/")[0]
        present = set(self._storage.names(folder))
        self._refuse([name for name in names if name in present and name not in ours])

    def write(self, index: Index) -> None:
        """Write the files around the shards, and remove those that an earlier run wrote and that no longer belong."""
        files = repository_files(index)
        # Before the first: a run that is killed meanwhile leaves no file that the next takes for foreign.
        for name, data in files.items():
            self._known.setdefault(name, set()).add(_sha256(data))
        self.save()
        for name, data in files.items():
            existing = self._storage.read(name)
            if name == CARD and existing is not None and not self._is_unchanged(name, existing):
                data = merge_cards(existing, data, f"{self._storage.url}/{CARD}")
            if existing != data:
                self._storage.write(name, data)
        for name in sorted(self._known.keys() - files.keys()):
            existing = self._storage.read(name)
            if existing is not None and self._is_unchanged(name, existing):
                self._storage.remove(name)
                self._storage.remove_folder(name.rpartition("/")[0])
        self._known = {name: {_sha256(data)} for name, data in files.items()}
        self.save()

    def save(self) -> None:
        """Keep what is known; before anything of the result is changed."""
        data = {name: sorted(digests) for name, digests in sorted(self._known.items())}
        content = (json.dumps(data, indent=1) + "\n").encode()
        if self._storage.read(_RECORD) != content:
            self._storage.write(_RECORD, content)

    def _is_ours(self, name: str, data: bytes | None) -> bool:
        if data is None or self._is_unchanged(name, data):
            return True
        if name == CARD:
            return MARK.encode() in data
        return name.endswith(LABELS) and data in map(labels, CONFIG_NAMES)

    def _is_unchanged(self, name: str, data: bytes) -> bool:
        return _sha256(data) in self._known.get(name, ())

    def _refuse(self, names: list[str]) -> None:
        if names:
            verb = "was" if len(names) == 1 else "were"
            raise ImageNetSError(
                f"{self._storage.url} holds {some(names)}, which {verb} not written by `imagenet-s convert` "
                "(or changed since) and would be replaced: move them away, or convert into another folder. Text of "
                f"your own may stand in {CARD} around the part that is written here."
            )


def _parse(data: bytes | None) -> dict[str, set[str]]:
    """What an earlier run kept; a damaged record is as none."""
    try:
        raw = json.loads(data or b"{}")
        return {str(name): {str(digest) for digest in digests} for name, digests in raw.items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
