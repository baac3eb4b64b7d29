"""Builds the functions as the tests do, checks that the Lambda image can run them, and packs each as Lambda wants it."""

import io
import os
import subprocess
import zipfile
from pathlib import Path

from harness.elf import needed_versions

ROOT = Path(__file__).resolve().parents[3]
FUNCTIONS = ("api", "webhook-intake", "relay", "send", "reminder-scan", "analytics", "automation", "collect")

# The C library of the image behind the runtime provided.al2023.
GLIBC = (2, 34)


def build() -> dict[str, Path]:
    """Builds all binaries in the profile of the test run and tells where they are."""
    subprocess.run(["cargo", "build", "--workspace", "--bins"], cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return {name: target / "debug" / name for name in FUNCTIONS}


def built(folder: Path) -> dict[str, Path]:
    """Binaries that were laid out for a deployment: FOLDER/<function>/bootstrap."""
    return {name: folder / name / "bootstrap" for name in FUNCTIONS}


def check_libraries(binaries: dict[str, Path]) -> None:
    """Fails when a binary asks for a newer C library than the Lambda image has."""
    for name, path in binaries.items():
        newest = max(needed_versions(path, "GLIBC_"), default=(0,))
        if newest > GLIBC:
            wanted, has = (".".join(map(str, version)) for version in (newest, GLIBC))
            raise SystemExit(f"{name} asks for GLIBC {wanted}, and the image of provided.al2023 has {has}")


def package(binary: Path) -> bytes:
    """The zip file of a function: one executable named bootstrap."""
    buffer = io.BytesIO()
    entry = zipfile.ZipInfo("bootstrap", date_time=(2020, 1, 1, 0, 0, 0))
    entry.external_attr = 0o755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(buffer, "w", compresslevel=1) as archive:
        archive.writestr(entry, binary.read_bytes(), compresslevel=1)
    return buffer.getvalue()
