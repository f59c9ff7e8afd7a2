"""Checks and makes a release: VERSION=1.2.3, and CONFIRM=1 to write it. `make release` runs it.

A person commits, tags and pushes.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from ops import printing, versions
from ops.errors import Failed, OpsError
from ops.installation import is_set
from ops.release import sbom
from ops.release.version import released, require_newer, with_source

REPOSITORY = versions.FILE.parents[1]
_DIST = Path("functions/dist")


def main() -> int:
    try:
        version = os.environ.get("VERSION", "")
        if not version:
            raise OpsError("VERSION is missing: give VERSION=1.2.3.")
        release(version, datetime.now(UTC).date(), write=is_set("CONFIRM"))
    except OpsError as error:
        printing.refuse(str(error), error.status, as_json=False)
        return error.status
    return 0


def release(version: str, day: date, *, write: bool) -> None:
    """Raises OpsError."""
    require_newer(version, versions.local())
    if _output("git", "status", "--porcelain"):
        raise OpsError("The working tree has changes: commit them, or put them aside.")
    if _output("git", "tag", "--list", f"v{version}"):
        raise OpsError(f"The tag v{version} exists already.")
    changelog, guide = REPOSITORY / "CHANGELOG.md", REPOSITORY / "docs/deploy.md"
    texts = {
        changelog: released(changelog.read_text(encoding="utf-8"), version, day),
        guide: with_source(guide.read_text(encoding="utf-8"), version),
        versions.FILE: f"{version}\n",
    }
    made = _artifacts(version, day)
    for name, contents in made.items():
        printing.write(
            f"{name}: {len(contents)} bytes, SHA-256 {hashlib.sha256(contents).hexdigest()}\n"
        )
    if not write:
        changed = ", ".join(str(path.relative_to(REPOSITORY)) for path in texts)
        printing.write(
            f"Nothing is written. With CONFIRM=1, this goes into {_DIST}, and changes {changed}.\n"
        )
        return
    (REPOSITORY / _DIST).mkdir(exist_ok=True)
    (REPOSITORY / _DIST / ".gitignore").write_text("*\n")
    for name, contents in made.items():
        (REPOSITORY / _DIST / name).write_bytes(contents)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    printing.write(
        f"Look at `git diff`. Then commit, tag and push, and attach the files in {_DIST}:\n\n"
    )
    printing.write(f"  git commit --all --message 'chore(release): {version}'\n")
    printing.write(f"  git tag --annotate v{version} --message {version}\n")
    printing.write(f"  git push origin HEAD v{version}\n")


def _artifacts(version: str, day: date) -> dict[str, bytes]:
    """Builds the zip, its digest and its SBOM; by file name. Raises Failed."""
    name = f"image_scan-{version}.zip"
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / name
        _output(sys.executable, "-B", "functions/package.py", "--output", str(output))
        zipped = output.read_bytes()
    digest = hashlib.sha256(zipped).hexdigest()
    return {
        name: zipped,
        f"{name}.sha256": f"{digest}  {name}\n".encode(),
        f"image_scan-{version}.cdx.json": sbom.document(zipped, version, day).encode(),
    }


def _output(*command: str) -> str:
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(done.stderr.strip() or f"{command[0]} has failed.")
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
