"""make release: what it makes, and what it refuses."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.support.checkout import Checkout, check_out
from tests.support.documents import block

GIT = "git -c user.name=me -c user.email=me@example.com"
VERSION = Path("functions/VERSION")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    made = check_out(tmp_path_factory.mktemp("release") / "project")
    # Whatever the last release of the project was.
    (made.folder / VERSION).write_text("0.1.0-dev\n")
    (made.folder / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- New.\n")
    done = made.run(f"git init --quiet && git add . && {GIT} commit --quiet --message all")
    assert done.returncode == 0, done.stderr
    return made


def test_a_release_is_shown_then_written_and_a_person_tags_it(clone: Checkout) -> None:
    done = clone.run(block("CONTRIBUTING.md#releases"))
    assert done.returncode == 0, done.stderr
    shown = done.stdout
    assert "Nothing is written. With CONFIRM=1, this goes into functions/dist" in shown
    assert clone.run("git status --porcelain").stdout == ""
    assert not (clone.folder / "functions/dist").exists()
    shown = clone.make("release", "VERSION=0.1.0", "CONFIRM=1")
    assert (clone.folder / VERSION).read_text() == "0.1.0\n"
    assert "\n## Unreleased\n\n## 0.1.0 (" in (clone.folder / "CHANGELOG.md").read_text()
    assert clone.run("git tag").stdout == "", "a person does that"
    assert shown.endswith(
        "  git commit --all --message 'chore(release): 0.1.0'\n"
        "  git tag --annotate v0.1.0 --message 0.1.0\n"
        "  git push origin HEAD v0.1.0\n"
    )
    made = {path.name: path.read_bytes() for path in (clone.folder / "functions/dist").glob("i*")}
    zipped = made["image_scan-0.1.0.zip"]
    digest = hashlib.sha256(zipped).hexdigest()
    assert made["image_scan-0.1.0.zip.sha256"].decode() == f"{digest}  image_scan-0.1.0.zip\n"
    listed = json.loads(made["image_scan-0.1.0.cdx.json"])
    assert listed["metadata"]["component"]["hashes"][0]["content"] == digest
    pinned = (clone.folder / "functions/requirements.txt").read_text().splitlines()
    assert {f"{each['name']}=={each['version']}" for each in listed["components"]} == {
        line.split()[0] for line in pinned if not line.startswith("#")
    }
    clone.make("package")
    assert (clone.folder / "functions/dist/image_scan.zip").read_bytes() == zipped


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ("", "VERSION is missing: give VERSION=1.2.3."),
        ("VERSION=next", "VERSION=next is no semantic version, such as 1.2.3 or 1.2.3-rc.1."),
        ("VERSION=0.0.1", "VERSION=0.0.1 is not newer than 0.1.0-dev."),
        ("VERSION=0.1.0", "The tag v0.1.0 exists already."),
        ("VERSION=0.2.0", "The working tree has changes: commit them, or put them aside."),
    ],
)
def test_what_is_no_release_is_refused(clone: Checkout, settings: str, sentence: str) -> None:
    clone.run("git checkout --quiet . && git tag --force v0.1.0")
    if "changes" in sentence:
        (clone.folder / "CHANGELOG.md").write_text("")
    done = clone.run(f"make --no-print-directory release {settings} CONFIRM=1")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == sentence
    assert (clone.folder / VERSION).read_text() == "0.1.0-dev\n"
