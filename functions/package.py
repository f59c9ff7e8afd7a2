"""Builds the functions' zip: image_scan and its pinned packages, byte-identical for the same input.

Needs Python 3.9 or newer, pip and a package index. Terraform runs it during apply, `make package`
by hand:

    python3 functions/package.py --output functions/dist/image_scan.zip
"""

import argparse
import hashlib
import os
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import clean_pip

FUNCTIONS = Path(__file__).resolve().parent
REQUIREMENTS = FUNCTIONS / "requirements.txt"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold


class PackageError(Exception):
    """The zip cannot be built; the message is for whoever wants it."""


def download_wheels(folder: Path) -> list[Path]:
    """Downloads the pinned wheels. Raises PackageError unless each of them is there."""
    wheels = ["--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none"]
    wanted = ["--no-deps", "--require-hashes", f"--requirement={REQUIREMENTS}"]
    target = ["--python-version=3.12", f"--dest={folder}"]
    try:
        clean_pip.run("download", "--quiet", *wheels, *wanted, *target)
    except clean_pip.PipError as error:
        raise PackageError(str(error)) from None
    found = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in folder.iterdir()}
    pinned = re.findall(r"^(\S+) +--hash=sha256:(\w+)", REQUIREMENTS.read_text(), re.MULTILINE)
    missing = [name for name, digest in pinned if digest not in found]
    if missing or not pinned:
        raise PackageError(f"pip has not brought {', '.join(missing)}.")
    return [found[digest] for _, digest in pinned]


def wheel_members(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """Yields name and contents of each file that a wheel installs."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            folder, _, name = entry.filename.partition("/")
            if folder.endswith(".data"):
                raise PackageError(f"{wheel.name} holds more than a package: {entry.filename}.")
            # pip would write a RECORD of its own.
            if not entry.is_dir() and (folder[-10:], name) != (".dist-info", "RECORD"):
                yield entry.filename, archive.read(entry)


def own_members() -> Iterator[tuple[str, bytes]]:
    """Yields name and contents of each module of image_scan. Terraform's hash of the sources is of
    these as well: nothing is in the zip that a plan does not show."""
    for path in (FUNCTIONS / "image_scan").rglob("*.py"):
        yield path.relative_to(FUNCTIONS).as_posix(), path.read_bytes()


def build(output: Path) -> None:
    """Writes the zip in one step, so that a reader never sees half of it. Raises PackageError."""
    with tempfile.TemporaryDirectory() as folder:
        wheels = download_wheels(Path(folder))
        members = dict(own_members())
        for wheel in wheels:
            members.update(wheel_members(wheel))
    if not output.parent.exists():
        output.parent.mkdir(parents=True)
        (output.parent / ".gitignore").write_text("*\n")
    unfinished = output.with_name(f".{output.name}.{os.getpid()}")
    with zipfile.ZipFile(unfinished, "w") as archive:
        for name, contents in sorted(members.items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # Unix, wherever it is built
            # Not compressed: zlib and zlib-ng, which some Pythons have, write different bytes.
            entry.compress_type = zipfile.ZIP_STORED
            archive.writestr(entry, contents)
    unfinished.replace(output)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Builds the zip of the Lambda functions.")
    parser.add_argument("--output", type=Path, required=True, help="where the zip goes")
    try:
        build(parser.parse_args().output)
    except PackageError as error:
        sys.exit(f"The zip of the functions cannot be built: {error}")
