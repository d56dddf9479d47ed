"""No reader lets Pillow choose the format: for an EPS it would start Ghostscript on the file's bytes."""

import ast
import io
from pathlib import Path

import pytest
from PIL import Image

import imagenet_s
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.images.exif import as_stored
from imagenet_s.conversion.images.image_header import check_complete, read_header
from imagenet_s.conversion.images.image_inspection import inspect_bytes

ROOT = Path(imagenet_s.__file__).parent


@pytest.mark.parametrize("kind", ["EPS", "TIFF", "GIF", "BMP", "WEBP", "PDF"])
def test_no_other_format_is_opened(kind: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (9, 7)).save(buffer, kind)
    for read in (as_stored, check_complete, read_header, inspect_bytes):
        with pytest.raises(ImageNetSError):
            read(buffer.getvalue())


def test_the_formats_are_named_everywhere() -> None:
    """In the package; tests, examples and synthetic images open what they made."""
    files = [path for part in ("conversion", "metrics", "cli") for path in (ROOT / part).rglob("*.py")]
    calls = 0
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        if "synthetic" in name:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Image.open":
                calls += 1
                assert any(keyword.arg == "formats" for keyword in node.keywords), f"{name}, line {node.lineno}"
    assert calls >= 8
