"""Small annotations in the official form, with masks by a formula, and facts that call them official."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from imagenet_s.conversion.annotations import Annotations, cached_masks, open_annotations
from imagenet_s.conversion.annotations.lists import LISTED_SPLITS
from imagenet_s.conversion.facts import MASK_FOLDERS, OFFICIAL, Archive, ListFile, categories
from imagenet_s.conversion.masks.codec import decode_mask, encode_png16

Pin = Callable[[Path, str], None]


def members(config: str, split: str) -> list[tuple[str, str]]:
    """Some images of a split, `(image_id, wnid)`, out of order, as the official lists are."""
    table = categories(config)
    paths = []
    for number, wnid in enumerate(table.wnids[1:7]):
        for i in range(2):
            if split == "train_semi":
                paths.append((f"{wnid}_{9000 - 7 * i}", wnid))
            else:
                first = 0 if split == "validation" else 20_000
                paths.append((f"ILSVRC2012_val_{first + 5000 - 100 * i + number:08d}", wnid))
    if config == "919" and split == "train_semi":
        # Like the twenty in the official list: an image of a merged class in the folder of its target.
        paths += [(f"{source}_123", target) for source, target in sorted(table.merged_wnids.items())]
    return paths


def expected(config: str, split: str) -> list[tuple[str, str]]:
    """The members of a split in the order of `Annotations.members`."""
    return sorted(members(config, split), key=lambda member: (member[1], member[0]))


def ids_of(config: str, image_id: str) -> np.ndarray:
    """The mask of an image: a disc of its class and a border of ignored pixels; its size follows from its name."""
    seed = int(hashlib.sha256(image_id.encode()).hexdigest()[:6], 16)
    height, width = 20 + seed % 13, 25 + seed % 17
    rows, columns = np.mgrid[:height, :width]
    ids = np.zeros((height, width), np.int64)
    ids[(rows - height // 2) ** 2 + (columns - width // 2) ** 2 < 60] = 1 + seed % categories(config).num_classes
    ids[:2] = 1000
    return ids


def rgb_png(ids: np.ndarray) -> bytes:
    """The official form, by the words of the official readme: R + G * 256."""
    rgb = np.stack([ids % 256, ids // 256, np.zeros_like(ids)], axis=-1).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    return buffer.getvalue()


def mask_name(config: str, split: str, member: tuple[str, str]) -> str:
    """The name of a mask in the archive."""
    return f"ImageNetS{config}/{MASK_FOLDERS[split]}/{member[1]}/{member[0]}.png"


def masks(config: str) -> dict[str, bytes]:
    """Name in the archive -> official PNG, for both annotated splits."""
    return {
        mask_name(config, split, member): rgb_png(ids_of(config, member[0]))
        for split in MASK_FOLDERS
        for member in members(config, split)
    }


def write_lists(folder: Path, config: str) -> None:
    """All lists of a configuration under their official names, without a newline at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    for role, facts in OFFICIAL.lists[config].items():
        split = "validation" if role == "validation_names" else role
        if role == "categories":
            lines = categories(config).wnids[1:]
        elif role in ("train_semi", "validation_names"):
            lines = [f"{w}/{i}.JPEG {w}/{i}.png" for i, w in members(config, split)]
        else:
            # The first column is ImageNet's own folder, which is not always the class folder.
            lines = [f"n00000001/{i}.JPEG {w}/{i}.JPEG" for i, w in members(config, split)]
        (folder / facts.file).write_bytes("\n".join(lines).encode())


def write_archive(folder: Path, config: str, contents: Mapping[str, bytes] | None = None) -> Path:
    """The archive under its official name."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / OFFICIAL.archives[config].file
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (masks(config) if contents is None else contents).items():
            archive.writestr(name, content)
    return path


def write_tree(folder: Path, config: str, contents: Mapping[str, bytes] | None = None) -> Path:
    """The extracted archive; returns `ImageNetS{C}`."""
    for name, content in (masks(config) if contents is None else contents).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / f"ImageNetS{config}"


WRITERS = {"archive": write_archive, "tree": write_tree}


def pin(folder: Path, config: str) -> Callable[[], None]:
    """Make the lists and the archive of a folder the official ones; returns what undoes it."""
    before = (OFFICIAL.lists, OFFICIAL.archives, OFFICIAL.num_images)
    lists, archive = {}, OFFICIAL.archives[config]
    for role, facts in OFFICIAL.lists[config].items():
        content = (folder / facts.file).read_bytes()
        lists[role] = ListFile(
            facts.file, content.count(b"\n") + 1, len(content), hashlib.sha256(content).hexdigest(), facts.url_path
        )
    if (folder / archive.file).exists():
        md5 = hashlib.md5((folder / archive.file).read_bytes()).hexdigest()
        archive = Archive(archive.file, md5, archive.url_path)
    counts = {**OFFICIAL.num_images[config], **{split: lists[split].lines for split in LISTED_SPLITS}}
    _set({**before[0], config: lists}, {**before[1], config: archive}, {**before[2], config: counts})
    return lambda: _set(*before)


def _set(lists: object, archives: object, num_images: object) -> None:
    # The facts are frozen, so that nobody else does this.
    for name, value in (("lists", lists), ("archives", archives), ("num_images", num_images)):
        object.__setattr__(OFFICIAL, name, value)


def served(folder: Path, config: str) -> dict[str, bytes]:
    """What a mirror has: path of the address -> content."""
    files = [OFFICIAL.archives[config], *OFFICIAL.lists[config].values()]
    return {item.url_path: (folder / item.file).read_bytes() for item in files}


def opened(folder: Path, tmp_path: Path, config: str = "50", **arguments: object) -> Annotations:
    """The annotations in a folder, with the test's own cache."""
    return open_annotations(config, folder, cache_dir=tmp_path / "cache", **arguments)  # type: ignore[arg-type]


def rows(annotations: Annotations, split: str) -> list[tuple[str, str]]:
    """The members of a split, in their order."""
    table = annotations.members(split)
    assert table.column_names == ["image_id", "wnid", "imagenet_wnid"]
    return [(row["image_id"], row["wnid"]) for row in table.to_pylist()]


def check_masks(annotations: Annotations, split: str) -> Path:
    """The cached masks of a split are right: order, ids, sizes, 16 bits. Returns their file."""
    path = annotations.masks(split)
    table = cached_masks(path)
    assert table["image_id"].to_pylist() == [image_id for image_id, _ in expected(annotations.config, split)]
    for row in table.to_pylist():
        ids = ids_of(annotations.config, row["image_id"])
        assert np.array_equal(decode_mask(row["png"]), ids)
        assert (row["height"], row["width"]) == ids.shape
        assert row["png"] == encode_png16(ids)
    return path
