"""Lists as editors and shells write them."""

import codecs
from pathlib import Path

import pytest

from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.core.text_file import read_text

LINES = ["n01440764/ILSVRC2012_val_00009111.JPEG", "", "café"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
)
def test_every_way_to_write_it(mark: bytes, encoding: str, end: str, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(mark + end.join(LINES).encode(encoding))
    assert read_text(path).splitlines() == read_text(str(path)).splitlines() == LINES


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a\nb\n\xff\n", r"list\.txt, line 3: the byte 0xff is not UTF-8; expected a text in UTF-8"),
        (codecs.BOM_UTF16_LE + b"a", r"list\.txt, line 1: the byte 0x61 is not UTF-16"),
    ],
)
def test_what_is_no_text(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(data)
    with pytest.raises(ImageNetSError, match=message):
        read_text(tmp_path / "list.txt")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ImageNetSError, match=r"list\.txt can't be read \(No such file"):
        read_text(tmp_path / "list.txt")
