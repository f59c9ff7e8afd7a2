"""Any Python builds the functions' zip, whatever pip and git are set to, with the same bytes."""

import ast
import functools
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
FUNCTIONS = REPOSITORY / "functions"
TOOLS = [FUNCTIONS / name for name in ("package.py", "clean_pip.py")]
# Each of them has pip stop, or aim elsewhere.
HOSTILE = {
    "user": "true",
    "require-virtualenv": "true",
    "target": "elsewhere",
    "prefix": "elsewhere",
    "root": "elsewhere",
    "dry-run": "true",
    "no-binary": ":all:",
    "constraint": "absent.txt",
    "quiet": "3",
}
pytestmark = pytest.mark.xdist_group("zip")


@functools.cache
def pythons() -> dict[int, str]:
    """One interpreter of this machine for each version from 3.6 up, by its minor version."""
    names = [f"python3.{minor}" for minor in range(6, 20)]
    found = [shutil.which(name) for name in names] + [
        str(path) for path in Path.home().glob(".pyenv/versions/3.*/bin/python3")
    ]
    asked = "import sys; print(sys.version_info[1])"
    versions = {}
    for python in filter(None, [*found, sys.executable]):
        answer = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=False)
        if answer.returncode == 0:  # a shim of pyenv may have none behind it
            versions[int(answer.stdout)] = python
    return versions


def build(
    functions: Path, output: Path, python: str = sys.executable, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, functions / "package.py", "--output", output],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pinned wheels in a folder, which spares the index."""
    folder = tmp_path_factory.mktemp("wheels")
    wanted = ["--no-deps", f"--requirement={FUNCTIONS / 'requirements.txt'}", f"--dest={folder}"]
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", *wanted],
        check=True,
        capture_output=True,
    )
    return folder


def test_each_python_builds_the_same_bytes(zip_file: Path, wheels: Path, tmp_path: Path) -> None:
    local = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    for python in (python for minor, python in pythons().items() if minor >= 9):
        answer = build(FUNCTIONS, tmp_path / "a.zip", python, **local)
        assert answer.returncode == 0, f"{python}: {answer.stderr}"
        assert (tmp_path / "a.zip").read_bytes() == zip_file.read_bytes(), python


@pytest.mark.attack(12)
def test_only_modules_are_packed(zip_file: Path, wheels: Path, tmp_path: Path) -> None:
    """Terraform's hash is of these: what else lies there could change unseen."""
    functions = tmp_path / "functions"
    shutil.copytree(FUNCTIONS, functions, ignore=shutil.ignore_patterns("__pycache__", "dist"))
    (functions / "image_scan/notes.txt").write_text("not in any plan")
    (functions / "image_scan/boto3.so").write_bytes(b"neither")
    local = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    answer = build(functions, tmp_path / "a.zip", **local)
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "a.zip").read_bytes() == zip_file.read_bytes()


@pytest.mark.parametrize("tool", TOOLS, ids=lambda path: path.name)
def test_python_3_9_reads_it(tool: Path) -> None:
    """A newer Python says so as well, where no older one is at hand."""
    ast.parse(tool.read_text(), feature_version=(3, 9))


def test_an_older_python_gets_one_sentence() -> None:
    program = (
        "import runpy, sys\n"
        "sys.version_info = min((3, 8, 18), tuple(sys.version_info))\n"
        f"sys.path.insert(0, {str(FUNCTIONS)!r})\n"
        f"runpy.run_path({str(TOOLS[0])!r}, run_name='__main__')\n"
    )
    older = [python for minor, python in pythons().items() if minor < 9]
    for python in [sys.executable, *older]:
        answer = subprocess.run(
            [python, "-c", program], capture_output=True, text=True, check=False
        )
        assert answer.returncode == 1, python
        assert answer.stderr.startswith("Python 3.9 or newer is needed, and "), python
        assert answer.stderr.count("\n") == 1, python


@pytest.mark.parametrize("way", ["variables", "file"])
def test_pip_settings_of_the_user_do_not_reach_it(
    way: str, zip_file: Path, wheels: Path, tmp_path: Path
) -> None:
    """Those of the index do: no other has the wheels here."""
    settings = {**HOSTILE, "no-index": "true", "find-links": str(wheels)}
    given = {f"PIP_{name.upper().replace('-', '_')}": value for name, value in settings.items()}
    if way == "file":
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        (tmp_path / "pip.conf").write_text(f"[global]\n{lines}")
        given = {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "PIP_FIND_LINKS": ""}
    answer = build(FUNCTIONS, tmp_path / "a.zip", **given)
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "a.zip").read_bytes() == zip_file.read_bytes()


def test_a_zip_without_its_packages_is_not_made(tmp_path: Path) -> None:
    """Here pip does nothing, and calls it a success."""
    (tmp_path / "pip.py").write_text("")
    answer = build(FUNCTIONS, tmp_path / "a.zip", PYTHONPATH=str(tmp_path))
    assert answer.returncode == 1
    assert "cannot be built: pip has not brought requests==" in answer.stderr
    assert not list(tmp_path.glob("*.zip"))


def test_without_pip_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "pip.py").write_text("import sys\nsys.exit('No module named pip')\n")
    answer = build(FUNCTIONS, tmp_path / "a.zip", PYTHONPATH=str(tmp_path))
    assert answer.returncode == 1
    assert answer.stderr == "The zip of the functions cannot be built: No module named pip\n"


def test_git_that_changes_line_ends_leaves_ours_alone(
    zip_file: Path, wheels: Path, tmp_path: Path
) -> None:
    """As git does on Windows."""
    source = tmp_path / "source"
    source.mkdir()
    shutil.copy2(REPOSITORY / ".gitattributes", source)
    shutil.copytree(FUNCTIONS, source / "functions", ignore=shutil.ignore_patterns("__pycache__"))
    author = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for arguments in (["init"], ["add", "."], [*author, "commit", "--message=a"]):
        subprocess.run(["git", *arguments], cwd=source, check=True, capture_output=True)
    clone = ["git", "-c", "core.autocrlf=true", "clone", str(source), str(tmp_path / "clone")]
    subprocess.run(clone, check=True, capture_output=True)
    local = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    answer = build(tmp_path / "clone/functions", tmp_path / "a.zip", **local)
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "a.zip").read_bytes() == zip_file.read_bytes()
    for file in (tmp_path / "clone").rglob("*.py"):
        assert b"\r\n" not in file.read_bytes()


def test_pip_settings_of_the_user_do_not_reach_what_make_installs(
    wheels: Path, tmp_path: Path
) -> None:
    for name in ("Makefile", "functions/clean_pip.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy2(REPOSITORY / name, tmp_path / name)
    (tmp_path / "ops").mkdir()
    (wheel,) = wheels.glob("idna-*")
    version, digest = wheel.name.split("-")[1], hashlib.sha256(wheel.read_bytes()).hexdigest()
    (tmp_path / "ops/requirements.lock").write_text(f"idna=={version} --hash=sha256:{digest}\n")
    settings = {**HOSTILE, "no-index": "true", "find-links": str(wheels), "target": str(tmp_path)}
    given = {f"PIP_{name.upper().replace('-', '_')}": value for name, value in settings.items()}
    make = ["make", ".venv/ops-ready", f"PYTHON={sys.executable}"]
    subprocess.run(make, cwd=tmp_path, env={**os.environ, **given}, check=True, capture_output=True)
    python = tmp_path / ".venv/bin/python"
    subprocess.run([python, "-I", "-c", "import idna"], check=True)


def test_make_installs_nothing_of_another_hash(wheels: Path, tmp_path: Path) -> None:
    for name in ("Makefile", "functions/clean_pip.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy2(REPOSITORY / name, tmp_path / name)
    (tmp_path / "ops").mkdir()
    version = next(wheels.glob("idna-*")).name.split("-")[1]
    lock = f"idna=={version} --hash=sha256:{'0' * 64}\n"
    (tmp_path / "ops/requirements.lock").write_text(lock)
    local = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    make = ["make", ".venv/ops-ready", f"PYTHON={sys.executable}"]
    answer = subprocess.run(
        make, cwd=tmp_path, env={**os.environ, **local}, check=False, capture_output=True, text=True
    )
    assert answer.returncode == 2
    assert "DO NOT MATCH THE HASHES" in answer.stderr
