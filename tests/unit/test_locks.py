"""Everything that make installs is pinned by version and hash, its dependencies too."""

from __future__ import annotations

import json
import re

import pytest

from sandbox.emulator_process import REPOSITORY

MAKEFILE = (REPOSITORY / "Makefile").read_text()
LOCKS = sorted(set(re.findall(r"\$\(INSTALL\) (\S+)", MAKEFILE)))
PIN = re.compile(
    r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)(.*(?:\n +--hash=\S+.*)*)", re.MULTILINE
)


def normal(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


def pins(file: str) -> dict[str, str]:
    """Versions by name, with those of the files that it includes."""
    path = REPOSITORY / file
    found = {normal(name): version for name, version, _ in PIN.findall(path.read_text())}
    for included in re.findall(r"^-r (\S+)", path.read_text(), re.MULTILINE):
        found |= pins(str((path.parent / included).resolve().relative_to(REPOSITORY)))
    return found


def test_make_installs_from_lock_files_alone() -> None:
    assert len(LOCKS) == 7
    assert all(file.endswith(".lock") for file in LOCKS)
    assert re.search(r"^INSTALL := .* --require-hashes --requirement$", MAKEFILE, re.MULTILINE)
    others = [line for line in MAKEFILE.splitlines() if "pip install" in line]
    assert others == []


@pytest.mark.attack(12)
@pytest.mark.parametrize("file", LOCKS)
def test_every_package_has_a_hash(file: str) -> None:
    found = PIN.findall((REPOSITORY / file).read_text())
    assert found
    assert [name for name, _, rest in found if "--hash=sha256:" not in rest] == []


@pytest.mark.parametrize("file", LOCKS)
def test_a_lock_is_of_what_is_wanted(file: str) -> None:
    """Otherwise: `make lock`."""
    wanted, locked = pins(file.replace(".lock", ".txt")), pins(file)
    assert wanted
    assert {name: locked.get(name) for name in wanted} == wanted


@pytest.mark.parametrize("file", ["ops/requirements.lock", "sandbox/demo-requirements.lock"])
def test_locks_of_one_environment_agree(file: str) -> None:
    tests, own = pins("tests/requirements.lock"), pins(file)
    assert {name: tests.get(name) for name in own} == own


def test_packages_of_npm_have_hashes_too() -> None:
    """Otherwise: `make lock`, and for schemas-node.sha256: sha256sum of what `npm pack` brings."""
    folder = REPOSITORY / "tests/judges"
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    locked = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert locked.pop("")["dependencies"] == wanted
    assert len(locked) > len(wanted)
    assert [name for name, each in locked.items() if "integrity" not in each] == []
    assert {locked[f"node_modules/{name}"]["version"] for name in wanted} == set(wanted.values())
    packed = re.findall(r"^@[^/]+/(\S+)@(\S+)", (folder / "schemas-node.txt").read_text(), re.M)
    hashed = re.findall(
        r"^\w{64} {2}\w+-(.+)\.tgz$", (folder / "schemas-node.sha256").read_text(), re.M
    )
    assert hashed == ["-".join(each) for each in packed]
    assert "npm ci " in MAKEFILE
    installs = [line for line in MAKEFILE.splitlines() if "npm install" in line]
    assert all("--package-lock-only" in line for line in installs)
