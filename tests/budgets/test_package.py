"""The zip of the functions: the same bytes wherever and whenever it is built."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
pytestmark = pytest.mark.xdist_group("zip")

PACKAGES = {"certifi", "charset_normalizer", "idna", "requests", "structlog", "urllib3"}


def build(functions: Path, output: Path, umask: int = 0o022) -> bytes:
    subprocess.run(
        [sys.executable, functions / "package.py", "--output", output],
        check=True,
        capture_output=True,
        umask=umask,
    )
    return output.read_bytes()


def test_another_folder_day_and_umask_make_the_same_bytes(zip_file: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(FUNCTIONS, tmp_path / "elsewhere" / "functions")
    for path in copy.rglob("*.py"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o600)
    stale = copy / "image_scan" / "__pycache__"
    stale.mkdir(exist_ok=True)
    (stale / "images.cpython-39.pyc").write_bytes(b"stale")
    assert build(copy, tmp_path / "image_scan.zip", umask=0o077) == zip_file.read_bytes()


def test_a_changed_source_changes_the_bytes(zip_file: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(FUNCTIONS, tmp_path / "functions")
    with (copy / "image_scan" / "log.py").open("a") as file:
        file.write("# changed\n")
    made = tmp_path / ".image-scan"
    assert build(copy, made / "image_scan.zip") != zip_file.read_bytes()
    assert (made / ".gitignore").read_text() == "*\n"  # a folder that is made for it


def test_it_holds_our_package_and_what_it_needs_and_nothing_else(zip_file: Path) -> None:
    names = zipfile.ZipFile(zip_file).namelist()
    folders = {name.split("/", 1)[0] for name in names}
    assert {folder for folder in folders if not folder.endswith(".dist-info")} == {
        "image_scan",
        *PACKAGES,
    }
    sources = {
        path.relative_to(FUNCTIONS).as_posix() for path in FUNCTIONS.glob("image_scan/**/*.py")
    }
    assert sources <= set(names)
    assert not [name for name in names if name.endswith((".pyc", ".so")) or "RECORD" in name]


def test_its_bytes_do_not_depend_on_a_compressor(zip_file: Path) -> None:
    """zlib and zlib-ng write different bytes, and each is the zlib of some Pythons."""
    kinds = {entry.compress_type for entry in zipfile.ZipFile(zip_file).infolist()}
    assert kinds == {zipfile.ZIP_STORED}


def test_it_stays_small(zip_file: Path) -> None:
    assert zip_file.stat().st_size < 2_500_000  # not compressed


def test_the_functions_run_from_it_alone(zip_file: Path) -> None:
    """Besides boto3, which the Lambda runtime brings, it misses nothing."""
    program = (
        "import sys, types\n"
        f"sys.path[:] = [{str(zip_file)!r}, *[p for p in sys.path if 'site-packages' not in p]]\n"
        "import structlog, requests\n"
        "assert structlog.__file__.startswith(sys.path[0])\n"
        "assert requests.__file__.startswith(sys.path[0])\n"
        "import image_scan.qualys.client, image_scan.qualys.credentials\n"
    )
    subprocess.run([sys.executable, "-S", "-c", program], check=True)
