"""Damaged bytes, from sound ones and a seeded generator: what disks, networks, editors and enemies do."""

import copy
import json
import random
import struct
import zlib
from collections.abc import Callable
from typing import Any

Mutation = Callable[[bytes, random.Random], bytes]

_MAGIC = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    1 << 40,
    (1 << 63) - 1,
    (1 << 64) - 1,
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**70, 1e308, float("inf"), float("nan"), 0.5),
    *("", "x", "../../x", "/etc/x", "\x1b[2J", "\ud800", "n01440764", "7", "50", "a\nb", "9" * 5000),
    *([], {}, [None], [[]], {"": None}, ["x", 1], {"version": 1}),
)


_YAML = (
    *(b"2026-13-40", b"2026-11-25T99:99:99Z", b"!!binary x", b"!!python/object/apply:os.system [x]", b"&a [*a]", b"*b"),
    *(b"[" * 20_000, b"{? [x] : y}", b"{1: 2, null: 3}", b".inf", b"0o9", b"190:20:30", b"<<: x", b"|", b"'", b"@"),
    *(b"null", b"[null]", b"yes", b"{}", b"\t- x", b'"\\ud800"', b"9" * 5000),
)


def mutate(data: bytes, rng: random.Random, special: Mutation | None = None) -> bytes:
    """One to six mutations, one after the other; half of the inputs by the format's own mutation, if it has one."""
    if special is not None and rng.random() < 0.5:
        return special(data, rng)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        data = rng.choice(_BYTES)(data, rng)
    return data


def flip_bit(data: bytes, rng: random.Random) -> bytes:
    return _with(data, rng, lambda old: bytes([old[0] ^ 1 << rng.randrange(8)]), 1)


def set_byte(data: bytes, rng: random.Random) -> bytes:
    return _with(data, rng, lambda old: bytes([rng.randrange(256)]), 1)


def set_integer(data: bytes, rng: random.Random) -> bytes:
    size = rng.choice((1, 2, 4, 8))
    value = rng.choice(_MAGIC) & ((1 << 8 * size) - 1)
    return _with(data, rng, lambda old: value.to_bytes(size, rng.choice(("little", "big"))), size)


def set_digits(data: bytes, rng: random.Random) -> bytes:
    """A number in a text, or in the header of a tar, becomes another."""
    digits = [i for i, byte in enumerate(data[:100_000]) if 0x30 <= byte <= 0x39]
    if not digits:
        return flip_bit(data, rng)
    at = rng.choice(digits)
    return data[:at] + rng.choice((b"9", b"-", b"0", b"7", b"e", b"99999999999")) + data[at + 1 :]


def truncate(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def drop_start(data: bytes, rng: random.Random) -> bytes:
    return data[rng.randrange(min(len(data), 64) + 1) :]


def insert(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    new = rng.choice((rng.randbytes(rng.randrange(1, 17)), b"\0" * 512, b"\xff\xfe", b"\x1b[2J", b"\n", b"\r\n", b"{["))
    return data[:at] + new + data[at:]


def remove(data: bytes, rng: random.Random) -> bytes:
    start, stop = _slice(data, rng)
    return data[:start] + data[stop:]


def duplicate(data: bytes, rng: random.Random) -> bytes:
    start, stop = _slice(data, rng)
    return data[:stop] + data[start:]


def swap(data: bytes, rng: random.Random) -> bytes:
    a, b, c, d = sorted(rng.randrange(len(data) + 1) for _ in range(4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def zero(data: bytes, rng: random.Random) -> bytes:
    start, stop = _slice(data, rng)
    return data[:start] + b"\0" * (stop - start) + data[stop:]


_BYTES: tuple[Mutation, ...] = (
    *(flip_bit, flip_bit, set_byte, set_integer, set_digits, truncate),
    *(drop_start, insert, remove, duplicate, swap, zero),
)


def json_values(data: bytes, rng: random.Random) -> bytes:
    """Sound JSON in which values have other types, or keys are missing, or there are others."""
    try:
        root = [json.loads(data)]
    except ValueError:
        return flip_bit(data, rng)
    for _ in range(rng.choice((1, 1, 2, 4))):
        parent, key = rng.choice(list(_places(root)))
        action = rng.random()
        if action < 0.2 and parent is not root:
            del parent[key]
        elif action < 0.3 and isinstance(parent, dict):
            parent[rng.choice(("", "0", "-1", "x", "7", "\x1b[2J"))] = parent.pop(key)
        else:
            parent[key] = copy.deepcopy(rng.choice(_VALUES))
    text = json.dumps(root[0], indent=rng.choice((None, 1)))
    if rng.random() < 0.03:
        text = text.replace("null", "[" * 100_000, 1)
    return text.encode()


def png_chunks(data: bytes, rng: random.Random) -> bytes:
    """A damaged PNG whose checksums are right."""
    header = data[:8]
    chunks = list(_chunks(data))
    for _ in range(rng.choice((1, 1, 2))):
        i = rng.randrange(len(chunks))
        kind, content = chunks[i]
        action = rng.random()
        if action < 0.6 and content:
            chunks[i] = kind, rng.choice((flip_bit, set_integer, truncate, insert))(content, rng)
        elif action < 0.7:
            chunks[i] = rng.choice((b"IDAT", b"tRNS", b"PLTE", b"iTXt", b"zTXt", b"iCCP", b"eXIf", b"fcTL")), content
        elif action < 0.85:
            chunks.insert(rng.randrange(len(chunks) + 1), chunks[i])
        elif len(chunks) > 1:
            del chunks[i]
    parts = (struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in chunks)
    return header + b"".join(parts)


def tar_headers(data: bytes, rng: random.Random) -> bytes:
    """A damaged header of a tar whose checksum is right."""
    headers = [i for i in range(0, len(data) - 511, 512) if data[i + 257 : i + 262] == b"ustar"]
    if not headers:
        return flip_bit(data, rng)
    at = rng.choice(headers)
    block = bytearray(data[at : at + 512])
    start, length = rng.choice(((0, 100), (100, 8), (124, 12), (124, 12), (136, 12), (156, 1), (157, 100), (257, 8)))
    field = bytes(block[start : start + length])
    changed = rng.choice((flip_bit, set_byte, set_integer, set_digits))(field, rng)
    block[start : start + length] = changed[:length].ljust(length, b"\0")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return data[:at] + bytes(block) + data[at + 512 :]


def lines(data: bytes, rng: random.Random) -> bytes:
    """A text whose lines are repeated, removed, joined, reordered or in another encoding."""
    parts = data.split(b"\n")
    i, j = rng.randrange(len(parts)), rng.randrange(len(parts))
    action = rng.randrange(7)
    if action == 0:
        parts.insert(i, parts[j])
    elif action == 1:
        del parts[i]
    elif action == 2:
        parts[i] = parts[i] + rng.choice((b" ", b"\t", b"\x0b", b"\xc2\x85", b"\xe2\x80\xa8", b"\0")) + parts[j]
    elif action == 3:
        parts[i] = parts[i][::-1]
    elif action == 4:
        return data.decode("utf-8", "replace").encode(
            rng.choice(("utf-16", "utf-16-le", "utf-32", "cp500", "utf-8-sig"))
        )
    elif action == 5:
        return b"\r\n".join(parts)
    else:
        parts[i] = rng.choice(
            (b"..", b"/", b".png", b"n01440764/.JPEG n01440764/.JPEG", b"a b c d", b"- - -", b"&x *x")
        )
    return b"\n".join(parts)


def yaml_values(data: bytes, rng: random.Random) -> bytes:
    """A text in which one value has become another that only YAML has, or too much of it; or as `lines`."""
    places = [i + 2 for i in range(len(data) - 1) if data[i : i + 2] == b": "]
    if not places or rng.random() < 0.4:
        return lines(data, rng)
    at = rng.choice(places)
    end = data.find(b"\n", at)
    return data[:at] + rng.choice(_YAML) + data[end if end >= 0 else len(data) :]


def _with(data: bytes, rng: random.Random, new: Callable[[bytes], bytes], size: int) -> bytes:
    if len(data) < size:
        return data + b"\0"
    at = rng.randrange(len(data) - size + 1)
    return data[:at] + new(data[at : at + size]) + data[at + size :]


def _slice(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.choice((1, 2, 4, 16, 64, 512, 4096)))


def _places(node: Any) -> Any:
    """Every (container, key) of a JSON value."""
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        yield node, key
        if isinstance(node[key], (dict, list)):
            yield from _places(node[key])


def _chunks(data: bytes) -> Any:
    position = 8
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        yield data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        position += 12 + length
