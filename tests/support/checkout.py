"""A copy of the repository, as a clone has it, and make in it."""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.aws import REPOSITORY

# What make, Terraform and the tests leave in a working copy.
_NOT_CLONED = shutil.ignore_patterns(
    *(".git", ".venv", ".sandbox", ".checkov", ".judges", ".terraform*", ".*_cache", "__pycache__"),
    *("*.tfstate*", ".hypothesis", ".coverage", ".image-scan", "deployments", "dist", "reports"),
)
_ENVIRONMENTS = (".venv", ".sandbox/venv", ".checkov")


@dataclass(frozen=True)
class Checkout:
    """A folder with the repository's files, the environments of this one, and its own TMPDIR."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def temporary(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}-tmp")

    def run(self, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs what somebody types in the folder; the answer holds status and both outputs."""
        stored = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_", "MAKE"))}
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=stored | {"TMPDIR": str(self.temporary)} | self.variables | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=500,
        )

    def make(self, target: str, *settings: str, **variables: str) -> str:
        """What a target prints. Its status has to be 0."""
        done = self.run(" ".join(("make", "--no-print-directory", target, *settings)), **variables)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
        return done.stdout


def check_out(folder: Path) -> Checkout:
    """Copies the repository; make finds the environments ready, however new the files are."""
    shutil.copytree(REPOSITORY, folder, ignore=_NOT_CLONED)
    for environment in _ENVIRONMENTS:
        link = folder / environment
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(REPOSITORY / environment)
    for lock in folder.rglob("*.lock"):
        os.utime(lock, (0, 0))
    made = Checkout(folder)
    made.temporary.mkdir()
    return made
