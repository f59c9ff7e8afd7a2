"""Keeps applied accounts, so that Terraform applies an example once for many groups of tests.

A snapshot is the state that the embedded AWS writes when it ends, with Terraform's folder and the
facts of the installation. Its name has a hash of everything that determines it. The first caller
makes it, under a lock; all others restore a copy in about two seconds. The folder may be deleted at
any time.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.emulator_process import REPOSITORY
from sandbox.terraform import PROVIDERS, find_mirror, find_terraform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOLDER = REPOSITORY / ".sandbox/snapshots"
_SOURCES = ("*.tf", "*.json", "modules/**/*", "functions/**/*", "examples/**/*", "sandbox/**/*")
_IGNORED = {"__pycache__", ".terraform", ".image-scan", "dist", "snapshots"}
_FACTS, _SEAL = "installation.json", "contents.txt"
_ANY_KEY = "[0-9a-f]" * 16


@dataclass(frozen=True)
class Snapshot:
    """One stored account: a folder with `state`, `terraform` and the facts of the installation."""

    folder: Path

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def terraform(self) -> Path:
        return self.folder / "terraform"

    @property
    def facts(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / _FACTS).read_text()))

    def note(self, facts: dict[str, Any]) -> None:
        (self.folder / _FACTS).write_text(json.dumps(facts))

    def seal(self) -> None:
        """Writes the list of the snapshot's parts. This is the last step of making one."""
        (self.folder / _SEAL).write_text(self._contents())

    @property
    def is_whole(self) -> bool:
        """False for a snapshot that is absent, unfinished or damaged."""
        seal = self.folder / _SEAL
        return seal.is_file() and seal.read_text() == self._contents()

    def _contents(self) -> str:
        files = {path for path in self.folder.rglob("*") if path.is_file()} - {self.folder / _SEAL}
        return "".join(f"{_hash(path)} {path.relative_to(self.folder)}\n" for path in sorted(files))


@contextmanager
def copy_of(name: str, make: Callable[[Snapshot], None], *sources: str) -> Iterator[Snapshot]:
    """Yields a copy of the snapshot of that name, which the caller may change. `make` fills it if
    there is none of the current sources. `sources` are patterns of more files that determine it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = FOLDER / f"{name}-{_key(sources)}"
    with tempfile.TemporaryDirectory(prefix="image-scan-snapshot-") as scratch:
        copy = Path(scratch) / "copy"
        with (FOLDER / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not Snapshot(wanted).is_whole:
                _make(wanted, name, make)
            shutil.copytree(wanted, copy, symlinks=True)
        yield Snapshot(copy)


def _make(wanted: Path, name: str, make: Callable[[Snapshot], None]) -> None:
    """Makes a snapshot, and removes snapshots of other sources and broken ones."""
    for old in FOLDER.glob(f"{name}-{_ANY_KEY}"):
        shutil.rmtree(old)
    with tempfile.TemporaryDirectory(dir=FOLDER, prefix="unfinished-") as scratch:
        unfinished = Snapshot(Path(scratch) / "snapshot")
        unfinished.state.mkdir(parents=True)
        make(unfinished)
        unfinished.seal()
        unfinished.folder.rename(wanted)


def _key(sources: tuple[str, ...]) -> str:
    """A hash of the sources and the tools."""
    digest = hashlib.sha256()
    paths = {path for pattern in (*_SOURCES, *sources) for path in REPOSITORY.glob(pattern)}
    for path in sorted(paths):
        relative = path.relative_to(REPOSITORY)
        if path.is_file() and _IGNORED.isdisjoint(relative.parts):
            digest.update(f"{relative}\0{path.stat().st_mode:o}\0{_hash(path)}".encode())
    without = os.environ.get("SANDBOX_WITHOUT")
    digest.update(json.dumps([_tools(), without]).encode())
    return digest.hexdigest()[:16]


def _tools() -> list[Any]:
    """Terraform's program, the versions of the providers that it can find, and Python's."""
    program, mirror = Path(find_terraform()).resolve(), find_mirror()
    found = program.stat()
    providers = sorted(map(str, mirror.glob(f"{PROVIDERS}/*/*/*"))) if mirror else []
    return [
        [str(program), found.st_size, found.st_mtime_ns],
        [str(mirror), providers],
        platform.python_version(),
    ]


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
