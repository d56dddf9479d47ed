"""The faults that a Dataset may have: a message, and the line of code that mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Fault:
    """A kind of fault.

    Attributes:
        key: its name.
        text: what is wrong.
        mend: a line of code (or two) that mends it.
    """

    key: str
    text: str
    mend: str

    def of(self, config: str) -> Fault:
        """The fault with this configuration in place of 919 in the line that mends it."""
        return replace(self, mend=self.mend.replace("919", config))


@dataclass(frozen=True)
class Finding:
    """A fault that was found.

    Attributes:
        images: how many images have it.
        of: how many images were compared.
        examples: a few image ids.
        detail: what was seen in the first of them.
    """

    fault: Fault
    images: int
    of: int
    examples: tuple[str, ...]
    detail: str = ""

    @property
    def share(self) -> float:
        """The fraction of the compared images that have it."""
        return self.images / max(self.of, 1)


_DECODE = "rgb = np.array(Image.open(path)).astype(np.int32); mask = rgb[..., 0] + 256 * rgb[..., 1]"
_LIST = (
    "take images and class folders from the official list ImageNetS_im919_mapping_validation.txt: "
    "imagenet_path, imagenet_s_path = line.split()"
)

FAULTS: Mapping[str, Fault] = {
    fault.key: fault
    for fault in (
        Fault("raises", "The Dataset raises an error.", "# as the error says"),
        Fault("overflow", "NumPy 2: G * 256 on uint8 overflows.", _DECODE),
        Fault("no-mask", "The item holds no mask of ids.", "return H x W integers; --mask-key names them in a dict"),
        Fault("missing", "Images of the split are missing.", _LIST),
        Fault(
            "missing-by-folder",
            "Images are missing whose ImageNet folder is not their ImageNet-S folder: 13.3 % of validation in 919.",
            _LIST,
        ),
        Fault("extra", "Images that are not in the split.", _LIST),
        Fault("twice", "Images occur more than once.", "paths = sorted(set(paths))"),
        Fault(
            "pairing",
            "Image and mask do not belong together.",
            'mask_path = gt_dir / wnid / f"{image_path.stem}.png"  # by the name, not by the position in another list',
        ),
        Fault(
            "order",
            "The items have no ids, and are not in the order of the official list (class folder, then name).",
            'paths = sorted(gt_dir.glob("*/*.png"))  # and return path.stem with each item',
        ),
        Fault("grey", 'Masks are read as grey ("L"): ids of several classes become one value.', _DECODE),
        Fault("palette", 'Masks are read as palette images ("P"): the values are colours, not ids.', _DECODE),
        Fault("red-only", "Only 8 bits of the ids are kept (R, or a cast to uint8): 256 becomes 0.", _DECODE),
        Fault(
            "blue-for-red",
            "Channels are in the order B, G, R (OpenCV): R is lost.",
            "rgb = cv2.imread(path)[..., ::-1]",
        ),
        Fault("swapped", "R and G are swapped: the id is R + 256 * G.", _DECODE),
        Fault("clipped", "Ids are clipped at 255.", "keep ids in 16 bits (datasets: Image(), not Image(mode='L'))"),
        Fault("zero", "Every pixel of the masks is 0: the channel that was read is the unused one.", _DECODE),
        Fault("scaled", "Masks are scaled to 0..1 (ToTensor).", "mask = torch.from_numpy(np.array(ids, np.int64))"),
        Fault(
            "interpolated",
            "Masks are resized with interpolation: ids that no pixel had appear between classes.",
            "mask = mask.resize(size, Image.Resampling.NEAREST)  # torch: interpolate(mode='nearest-exact')",
        ),
        Fault(
            "ignored-as-object",
            "Ignored pixels (1000) are taken for object.",
            "target = mask == class_id; scored = mask != 1000  # not mask > 0",
        ),
        Fault(
            "ignored-as-class",
            "Ignored pixels (1000) get the id of a class: their pixels and the class's become one.",
            "keep 1000 and pass ignore_index=1000: 255 is a class in 300 and 919",
        ),
        Fault(
            "ignored-as-other",
            "Ignored pixels (1000) become 0, `other`, and are scored.",
            "keep 1000 and pass ignore_index=1000",
        ),
        Fault(
            "ignored-otherwise",
            "Ignored pixels have another id than --ignore-id says.",
            "mask[mask == 1000] = ignore_id",
        ),
        Fault(
            "shifted",
            "Class ids are shifted by one.",
            "keep the ids: 0 is `other`, 1..C are classes (do_reduce_labels=False, no mask - 1)",
        ),
        Fault(
            "shifted-clamped",
            "Class ids are shifted by one and clamped: `other` and the first class become one.",
            "keep the ids: 0 is `other`, 1..C are classes; logits have C + 1 channels",
        ),
        Fault(
            "enumerated",
            "Ids are numbered anew from those that occur: the same class has different ids in different images.",
            "mask = ids  # not np.unique(ids, return_inverse=True)[1]",
        ),
        Fault(
            "classes-in-another-order",
            "Classes have other ids: a list of classes in another order than the sorted wnids.",
            'imagenet_s.categories("919").wnids  # the class of id i is wnids[i - 1]',
        ),
        Fault(
            "names-in-another-order",
            "The names of the classes are in another order than the ids.",
            'classes = imagenet_s.categories("919").names  # of the ids 0..C',
        ),
        Fault(
            "greatest-id",
            "The class of an image is the greatest id of its mask: wrong with several classes, or ignored pixels.",
            "category = table.id_of(path.parent.name)  # the folder is the class",
        ),
        Fault("label", "The label of an image is not its class.", "category = table.id_of(path.parent.name)"),
        Fault("other-ids", "Ids are changed in a way that is none of the usual ones.", _DECODE),
        Fault(
            "image-and-mask-differ",
            "Image and mask are cut or resized differently.",
            "image, mask = joint_transform(image, mask)  # crop both with the same box (torchvision: tv_tensors.Mask)",
        ),
        Fault(
            "mask-turned",
            "The mask is turned, transposed or upside down.",
            "mask = numpy.asarray(PIL.Image.open(mask_path))  # height x width: without .T, rot90 or flip",
        ),
        Fault(
            "orientation",
            "The image is rotated by its EXIF orientation, its mask is not.",
            "cv2.imread(path, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)  # Pillow: no exif_transpose",
        ),
    )
}
"""Every kind of fault by its key."""
