"""Builds the functions' zip: image_scan and its pinned packages, byte-identical for the same input.

Needs the standard library and pip. Terraform runs it during apply, `make package` by hand:

    python3 functions/package.py --output functions/dist/image_scan.zip
"""

import argparse
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

FUNCTIONS = Path(__file__).resolve().parent
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
# pip's own notes, which differ from run to run; licences and names stay.
NOTES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}


def install_packages(target: Path) -> None:
    """Installs exactly the pinned files; raises CalledProcessError when one is not to be had."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    wheels = ["--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none"]
    wanted = ["--no-deps", "--require-hashes", f"--requirement={FUNCTIONS / 'requirements.txt'}"]
    python = ["--python-version=3.12", "--no-compile", f"--target={target}"]
    subprocess.run([*pip, *wheels, *wanted, *python], check=True, stdout=sys.stderr)


def members(packages: Path) -> Iterator[tuple[str, Path]]:
    """(name in the zip, file) of everything that goes in, in no particular order."""
    for root, base in ((packages, packages), (FUNCTIONS / "image_scan", FUNCTIONS)):
        for path in root.rglob("*"):
            name = path.relative_to(base)
            if path.is_file() and not _left_out(name):
                yield name.as_posix(), path


def build(output: Path) -> None:
    """Writes the zip in one step, so that a reader never sees half of it."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        packages = Path(folder)
        install_packages(packages)
        unfinished = output.with_name(f".{output.name}.{os.getpid()}")
        with zipfile.ZipFile(unfinished, "w") as archive:
            for name, path in sorted(members(packages)):
                entry = zipfile.ZipInfo(name, EPOCH)
                entry.external_attr = 0o644 << 16
                entry.create_system = 3  # Unix, wherever it is built
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes(), compresslevel=9)
        unfinished.replace(output)


def _left_out(name: Path) -> bool:
    return (
        "__pycache__" in name.parts
        or name.parts[0] == "bin"
        or (name.parts[0].endswith(".dist-info") and name.name in NOTES)
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Builds the zip of the Lambda functions.")
    parser.add_argument("--output", type=Path, required=True, help="where the zip goes")
    build(parser.parse_args().output)
