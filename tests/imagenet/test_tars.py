"""Tars: a thousand at once, and headers that are damaged in the middle."""

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.imagenet.detect import open_imagenet
from imagenet_s.conversion.imagenet.tar import TarReader

FEW_FILES = """
import resource, sys
from pathlib import Path
from imagenet_s.conversion.imagenet.tar import TarReader
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[2]), int(sys.argv[2])))
files = sorted(map(str, Path(sys.argv[1]).glob("*.tar")))
reader = TarReader(sys.argv[1], "train", "a tar a class", files)
rows = reader.index()
images = [one for batch in reader.read(rows.take([*range(len(rows)), *range(0, len(rows), 3)]), 100) for one in batch]
print(len(images), len({one["bytes"].as_py() for one in images}))
"""


def tar_of(members: list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def images_of(wnid: str, count: int = 3, size: int = 700) -> list[tuple[str, bytes]]:
    return [(f"{wnid}_{i}.JPEG", f"{wnid} {i} ".encode() * (size // 12)) for i in range(count)]


def indexed(path: Path) -> list[str]:
    return TarReader(str(path.parent), "train", "the official tar", [str(path)]).index()["image_id"].to_pylist()


def test_more_tars_than_a_process_may_open(tmp_path: Path) -> None:
    for i in range(300):
        (tmp_path / f"n{i:08d}.tar").write_bytes(tar_of(images_of(f"n{i:08d}", 1)))

    def read(limit: int) -> subprocess.CompletedProcess:
        command = [sys.executable, "-c", FEW_FILES, str(tmp_path), str(limit)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    assert read(256).stdout.split() == ["400", "300"]
    refused = read(24)
    assert refused.returncode
    assert "Too many open files; allow this process more open files, by `ulimit -n 4096`" in refused.stderr


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted as Linux shows them")
def test_of_many_parquet_files_one_is_open_at_a_time(tmp_path: Path) -> None:
    """In any order of the rows, as training reads them; and none afterwards."""
    for i in range(40):
        image = pa.array([{"bytes": b"%d" % i, "path": f"n01440764_{i}.JPEG"}])
        pq.write_table(pa.table({"image": image, "label": [0]}), tmp_path / f"train-{i:05d}-of-00040.parquet")
    reader = open_imagenet(tmp_path).reader("train")
    rows = reader.index()
    before, seen, read = len(os.listdir("/proc/self/fd")), [], []
    for images in reader.read(rows.take([(7 * i) % 40 for i in range(80)]), 100):
        seen.append(len(os.listdir("/proc/self/fd")) - before)
        read += [int(item["bytes"]) for item in images.to_pylist()]
    assert read == [(7 * i) % 40 for i in range(80)]
    assert max(seen) <= 1
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("size", [b"-0000000010\0", b"\xff" * 11 + b"\xf6", b"\x80" + b"\xff" * 11, b"77777777777\0"])
def test_sizes_that_cannot_be(size: bytes, tmp_path: Path) -> None:
    """Negative ones, in digits and in binary, and ones beyond any file."""
    data = bytearray(tar_of(images_of("n01440764")))
    header = data[1536:2048]
    assert header.startswith(b"n01440764_1")
    header[124:136] = size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    data[1536:2048] = header
    path = tmp_path / "train.tar"
    path.write_bytes(data)
    with pytest.raises(ImageNetSError, match=r"train\.tar (is damaged|ends within|is not a complete|has no mark)"):
        indexed(path)


@pytest.mark.parametrize("size", ["-5", "1e999", "abc", str(2**63), str(2**70)])
def test_sizes_that_cannot_be_in_an_extended_header(size: str, tmp_path: Path) -> None:
    """The header of POSIX 2001, which replaces the size of the header after it."""
    with tarfile.open(tmp_path / "train.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        for number in range(3):
            info = tarfile.TarInfo(f"n01440764_{number}.JPEG")
            info.size, info.pax_headers = 700, {"size": size} if number == 1 else {}
            tar.addfile(info, io.BytesIO(b"x" * 700))
    with pytest.raises(ImageNetSError, match=r"train\.tar (is damaged|ends within|is not a complete|has no mark)"):
        indexed(tmp_path / "train.tar")


def test_a_damaged_header_in_the_middle_is_no_end(tmp_path: Path) -> None:
    """tarfile stops there as if it were the end."""
    data = bytearray(tar_of(images_of("n01440764")))
    data[1536:1540] = b"\xff\xff\xff\xff"
    (tmp_path / "train.tar").write_bytes(data)
    with pytest.raises(ImageNetSError, match="has no mark of its end: it was cut off or is damaged"):
        indexed(tmp_path / "train.tar")


@pytest.mark.parametrize("kept", [512 + 300, 1536, 1536 + 512, 3 * 1536])
def test_an_inner_tar_that_was_cut_short(kept: int, tmp_path: Path) -> None:
    """The outer tar is complete; what follows in it is not taken for the rest of the inner one."""
    classes = [(f"{wnid}.tar", tar_of(images_of(wnid))) for wnid in ("n01440764", "n01443537", "n01484850")]
    path = tmp_path / "train.tar"
    path.write_bytes(tar_of(classes))
    assert len(indexed(path)) == 9
    classes[1] = (classes[1][0], classes[1][1][:kept])
    path.write_bytes(tar_of(classes))
    with pytest.raises(ImageNetSError, match=r"n01443537\.tar in .*train\.tar (ends within|has no mark of its end)"):
        indexed(path)


def test_a_tar_cut_between_two_images(tmp_path: Path) -> None:
    path = tmp_path / "train.tar"
    path.write_bytes(tar_of(images_of("n01440764"))[: 2 * 1536])
    with pytest.raises(ImageNetSError, match="has no mark of its end"):
        indexed(path)


def test_names_in_a_tar_are_bytes(tmp_path: Path) -> None:
    odd = b"caf\xe9.txt".decode(errors="surrogateescape")
    path = tmp_path / "train.tar"
    path.write_bytes(tar_of([(odd, b"x"), *images_of("n01440764"), (f"d/{odd}", b"")]))
    assert indexed(path) == ["n01440764_0", "n01440764_1", "n01440764_2"]
