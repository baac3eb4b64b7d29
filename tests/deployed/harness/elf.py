"""Reads which versions of a shared library an ELF binary asks for (64 bit, little endian: x86_64 and arm64)."""

import struct
from pathlib import Path

SECTION_VERNEED = 0x6FFFFFFE


def _text(table: bytes, offset: int) -> str:
    return table[offset : table.index(b"\0", offset)].decode()


def needed_versions(path: Path, prefix: str) -> set[tuple[int, ...]]:
    """The versions behind `prefix`: {(2, 17), (2, 34)} for the prefix GLIBC_."""
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        raise ValueError(f"{path} is no 64-bit little-endian ELF binary")
    table, size, count = struct.unpack_from("<Q", data, 0x28)[0], *struct.unpack_from("<HH", data, 0x3A)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, table + size * index) for index in range(count)]
    found: set[tuple[int, ...]] = set()
    for _, kind, _, _, offset, _, link, entries, _, _ in sections:
        if kind != SECTION_VERNEED:
            continue
        strings = data[sections[link][4] : sections[link][4] + sections[link][5]]
        need = offset
        for _ in range(entries):
            _, versions, _, first, following = struct.unpack_from("<HHIII", data, need)
            version = need + first
            for _ in range(versions):
                _, _, _, name, after = struct.unpack_from("<IHHII", data, version)
                text = _text(strings, name)
                if text.startswith(prefix):
                    found.add(tuple(int(part) for part in text[len(prefix) :].split(".")))
                version += after
            need += following
    return found
