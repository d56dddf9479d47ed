"""Datasets over an official tree as people write them: a right one, right ones in other styles, and wrong ones."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

import imagenet_s

CONFIG = os.environ.get("LOADERS_CONFIG", "919")
TABLE = imagenet_s.categories(CONFIG)


class Right:
    """Images and masks of validation, paired by name; dicts of `image`, `mask`, `image_id`."""

    def __init__(self, root: str) -> None:
        self.tree = Path(root) / f"ImageNetS{CONFIG}"
        self.paths = self.find()

    def find(self) -> list[Path]:
        return sorted((self.tree / "validation").glob("*/*.JPEG"))

    def __len__(self) -> int:
        return len(self.paths)

    def image(self, path: Path) -> Any:
        return Image.open(path).convert("RGB")

    def png(self, path: Path) -> Image.Image:
        return Image.open(self.tree / "validation-segmentation" / path.parent.name / f"{path.stem}.png")

    def mask(self, path: Path) -> Any:
        rgb = np.array(self.png(path)).astype(np.int32)
        return rgb[..., 0] + 256 * rgb[..., 1]

    def __getitem__(self, index: int) -> Any:
        path = self.paths[index]
        return {"image": self.image(path), "mask": self.mask(path), "image_id": path.stem}


# Right, in other styles


class MaskTransposed(Right):
    """As columns x rows."""

    def mask(self, path: Path) -> Any:
        return super().mask(path).T


class MaskUpsideDown(Right):
    def mask(self, path: Path) -> Any:
        return np.rot90(super().mask(path), 2)


class MaskFlipped(Right):
    def mask(self, path: Path) -> Any:
        return super().mask(path)[::-1]


class Tuples(Right):
    def __getitem__(self, index: int) -> Any:
        path = self.paths[index]
        image = np.asarray(self.image(path), np.float32).transpose(2, 0, 1) / 255
        return (image - 0.45) / 0.225, self.mask(path).astype(np.int64), TABLE.id_of(path.parent.name)


class Grey16(Right):
    def mask(self, path: Path) -> Any:
        return Image.fromarray(super().mask(path).astype(np.uint16))


class OfficialRgb(Right):
    def mask(self, path: Path) -> Any:
        return self.png(path)


class Paths(Right):
    def __getitem__(self, index: int) -> Any:
        path = self.paths[index]
        return str(path), str(self.tree / "validation-segmentation" / path.parent.name / f"{path.stem}.png")


class MaskAndItsPath(Right):
    def __getitem__(self, index: int) -> Any:
        path = self.paths[index]
        return self.mask(path), str(self.tree / "validation-segmentation" / path.parent.name / f"{path.stem}.png")


class Stream(Right):
    def __iter__(self) -> Iterator[Any]:
        return (Right.__getitem__(self, i) for i in range(len(self.paths)))

    __getitem__ = None  # type: ignore[assignment]


class MasksAlone(Right):
    """Nothing says which image an item is."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.paths = dict(enumerate(self.paths))  # type: ignore[assignment]

    def __getitem__(self, index: int) -> Any:
        return self.mask(self.paths[index])


class Squashed(Right):
    def image(self, path: Path) -> Any:
        return super().image(path).resize((224, 224))

    def mask(self, path: Path) -> Any:
        return np.asarray(Image.fromarray(super().mask(path)).resize((224, 224), Image.Resampling.NEAREST))


class Cropped(Right):
    def image(self, path: Path) -> Any:
        return ImageOps.fit(super().image(path), (96, 96))

    def mask(self, path: Path) -> Any:
        mask = Image.fromarray(super().mask(path))
        return np.asarray(ImageOps.fit(mask, (96, 96), Image.Resampling.NEAREST))


class OnlyImagesResized(Right):
    """As for logits that are scaled up to the mask."""

    def image(self, path: Path) -> Any:
        return super().image(path).resize((64, 64))


class IgnoreMinus(Right):
    def mask(self, path: Path) -> Any:
        mask = super().mask(path)
        return np.where(mask == 1000, -100, mask)


class OwnClass(Right):
    def mask(self, path: Path) -> Any:
        return super().mask(path) == TABLE.id_of(path.parent.name)


class ImageNetLabels(Right):
    def __getitem__(self, index: int) -> Any:
        label = list(imagenet_s.conversion.facts.synsets()).index(self.paths[index].parent.name)
        return {**super().__getitem__(index), "label": label, "index": index}


# Wrong


class MasksOfNeighbours(Right):
    """Two lists, of which one has another order."""

    def __getitem__(self, index: int) -> Any:
        return {**super().__getitem__(index), "mask": self.mask(self.paths[index - 1])}


class AnotherOrder(MasksAlone):
    def find(self) -> list[Path]:
        return sorted(super().find(), key=lambda path: path.name)


class ImageNetFolders(Right):
    """Looks for the class folder of ImageNet-S in ImageNet's val/."""

    def __init__(self, root: str, imagenet: str) -> None:
        self.val = Path(imagenet) / "val"
        super().__init__(root)

    def find(self) -> list[Path]:
        return [path for path in super().find() if (self.val / path.parent.name / path.name).exists()]


class ImageNetFoldersAlone(ImageNetFolders, MasksAlone):
    pass


class SomeMissing(Right):
    def find(self) -> list[Path]:
        return super().find()[:-2]


class CropsTheImageAlone(Cropped):
    def mask(self, path: Path) -> Any:
        return np.asarray(Image.fromarray(Right.mask(self, path)).resize((96, 96), Image.Resampling.NEAREST))


class CropsTheMaskAlone(Cropped):
    def image(self, path: Path) -> Any:
        return Right.image(self, path)


class Rotated(Right):
    def image(self, path: Path) -> Any:
        try:
            return ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        except ZeroDivisionError:
            return super().image(path)


class Grey(Right):
    def mask(self, path: Path) -> Any:
        return np.array(self.png(path).convert("L"))


class GreyAndItsPath(Grey, MaskAndItsPath):
    """The path is that of the right mask, but the mask is what is trained on."""


class GreySquashed(Right):
    def mask(self, path: Path) -> Any:
        return self.png(path).convert("L").resize((224, 224), Image.Resampling.NEAREST)


class GreyScaled(Right):
    def mask(self, path: Path) -> Any:
        return np.array(self.png(path).convert("L"), np.float32)[None] / 255


class Palette(Right):
    def mask(self, path: Path) -> Any:
        return np.array(self.png(path).convert("P"))


class AdaptivePalette(Right):
    def mask(self, path: Path) -> Any:
        return np.array(self.png(path).convert("P", palette=Image.Palette.ADAPTIVE))


class RedAlone(Right):
    def mask(self, path: Path) -> Any:
        return np.array(self.png(path))[..., 0]


class Clipped(Right):
    def mask(self, path: Path) -> Any:
        return np.minimum(super().mask(path), 255).astype(np.uint8)


class Bgr(Right):
    def mask(self, path: Path) -> Any:
        bgr = np.array(self.png(path)).astype(np.int32)[..., ::-1]
        return bgr[..., 0] + 256 * bgr[..., 1]


class Swapped(Right):
    def mask(self, path: Path) -> Any:
        rgb = np.array(self.png(path)).astype(np.int32)
        return 256 * rgb[..., 0] + rgb[..., 1]


class Bilinear(Right):
    def mask(self, path: Path) -> Any:
        rgb = np.array(self.png(path).resize((224, 224), Image.Resampling.BILINEAR)).astype(np.int32)
        return rgb[..., 0] + 256 * rgb[..., 1]


class BilinearFloat(Right):
    def mask(self, path: Path) -> Any:
        mask = Image.fromarray(super().mask(path).astype(np.float32))
        return np.asarray(mask.resize((224, 224), Image.Resampling.BILINEAR))


class BilinearAboveZero(Right):
    def mask(self, path: Path) -> Any:
        mask = Image.fromarray(super().mask(path).astype(np.float32))
        return (np.asarray(mask.resize((224, 224), Image.Resampling.BILINEAR)) > 0).astype(np.uint8)


class AboveZero(Right):
    def mask(self, path: Path) -> Any:
        return (super().mask(path) > 0).astype(np.uint8) * 255


class Ignored255(Right):
    def mask(self, path: Path) -> Any:
        mask = super().mask(path)
        return np.where(mask == 1000, 255, mask)


class Ignored0(Right):
    def mask(self, path: Path) -> Any:
        mask = super().mask(path)
        return np.where(mask == 1000, 0, mask)


class Shifted(Right):
    def mask(self, path: Path) -> Any:
        return super().mask(path) - 1


class Reduced(Right):
    """do_reduce_labels."""

    def mask(self, path: Path) -> Any:
        mask = super().mask(path)
        return np.where(mask == 0, 255, mask - 1)


class Clamped(Right):
    def mask(self, path: Path) -> Any:
        return np.maximum(super().mask(path) - 1, 0)


class Enumerated(Right):
    def mask(self, path: Path) -> Any:
        mask = super().mask(path)
        return np.unique(mask, return_inverse=True)[1].reshape(mask.shape)


class Reordered(Right):
    """The ids of a list of names in another order."""

    def mask(self, path: Path) -> Any:
        names = sorted(range(1, TABLE.num_classes + 1), key=lambda class_id: TABLE[class_id].name)
        ids = np.arange(1001)
        ids[names] = np.arange(1, TABLE.num_classes + 1)
        return ids[super().mask(path)]


class GreatestId(Right):
    def __getitem__(self, index: int) -> Any:
        item = super().__getitem__(index)
        return {**item, "category": int(item["mask"].max())}


class WrongLabels(Right):
    def __getitem__(self, index: int) -> Any:
        label = TABLE.id_of(self.paths[index].parent.name)
        return {**super().__getitem__(index), "category": label if index % 3 else 1 + label % 50}


class Overflows(Right):
    def mask(self, path: Path) -> Any:
        rgb = np.array(self.png(path))
        return rgb[..., 0] + rgb[..., 1] * 256


class Fails(Right):
    def mask(self, path: Path) -> Any:
        raise FileNotFoundError(f"no {path.stem}.bmp")
