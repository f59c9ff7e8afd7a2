"""Applied accounts that are stored: made once, restored by many, and never stale."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox import snapshots
from sandbox.snapshots import Snapshot, copy_of


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of its own, with one source."""
    (tmp_path / "main.tf").write_text("# first")
    monkeypatch.setattr(snapshots, "REPOSITORY", tmp_path)
    monkeypatch.setattr(snapshots, "FOLDER", tmp_path / ".sandbox/snapshots")
    return tmp_path


@pytest.fixture
def make() -> Callable[[Snapshot], None]:
    """Makes snapshots whose facts say which of them it is."""
    made = iter(range(1, 100))

    def fill(snapshot: Snapshot) -> None:
        (snapshot.state / "s3.json").write_text("{}")
        snapshot.note({"number": next(made)})

    return fill


def number(make: Callable[[Snapshot], None], *sources: str) -> int:
    with copy_of("example", make, *sources) as snapshot:
        return int(snapshot.facts["number"])


def test_the_second_who_needs_it_restores_it(make: Callable[[Snapshot], None]) -> None:
    assert [number(make), number(make)] == [1, 1]


def test_those_who_need_it_at_once_make_it_once(make: Callable[[Snapshot], None]) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: number(make), range(8))) == {1}


def test_a_copy_may_be_changed(make: Callable[[Snapshot], None]) -> None:
    with copy_of("example", make) as snapshot:
        (snapshot.state / "s3.json").unlink()
    with copy_of("example", make) as snapshot:
        assert snapshot.is_whole


@pytest.mark.parametrize(
    "path", ["main.tf", "modules/cache/main.tf", "functions/a/b.py", "sandbox/emulator/x.py"]
)
def test_a_changed_source_makes_another(
    repository: Path, make: Callable[[Snapshot], None], path: str
) -> None:
    assert number(make) == 1
    (repository / path).parent.mkdir(parents=True, exist_ok=True)
    (repository / path).write_text("# second")
    assert [number(make), number(make)] == [2, 2]
    assert len(list(snapshots.FOLDER.glob("example-*"))) == 1, "the stale one is removed"


def test_one_whose_name_begins_alike_is_left_alone(
    repository: Path, make: Callable[[Snapshot], None]
) -> None:
    with copy_of("example-hub", make):
        pass
    assert number(make) == 2
    held = sorted(path.name.rpartition("-")[0] for path in snapshots.FOLDER.glob("*-*[!k]"))
    assert held == ["example", "example-hub"]


def test_a_source_of_its_own_makes_another(
    repository: Path, make: Callable[[Snapshot], None]
) -> None:
    for wanted in (1, 2):
        (repository / "Makefile").write_text(f"# {wanted}")
        assert [number(make, "Makefile"), number(make, "Makefile")] == [wanted, wanted]


def test_another_mirror_makes_another(
    make: Callable[[Snapshot], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert number(make) == 1
    monkeypatch.setenv("TF_PROVIDER_MIRROR", "/elsewhere")
    assert number(make) == 2


@pytest.mark.parametrize(
    "newer",
    ["6.1.0/linux_amd64/terraform-provider-aws", "terraform-provider-aws_6.1.0_linux_amd64.zip"],
    ids=["unpacked", "packed"],
)
def test_another_provider_in_the_mirror_makes_another(
    tmp_path: Path, make: Callable[[Snapshot], None], monkeypatch: pytest.MonkeyPatch, newer: str
) -> None:
    mirror = tmp_path / "mirror"
    monkeypatch.setenv("TF_PROVIDER_MIRROR", str(mirror))
    for wanted, provider in ((1, "6.0.0/linux_amd64/terraform-provider-aws"), (2, newer)):
        path = mirror / "registry.terraform.io/hashicorp/aws" / provider
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        assert number(make) == number(make) == wanted


def test_another_terraform_at_the_same_path_makes_another(
    tmp_path: Path, make: Callable[[Snapshot], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin/terraform"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    for wanted, version in ((1, "1.11.0"), (2, "1.12.0")):
        program.write_text(f'#!/bin/sh\necho \'{{"terraform_version": "{version}"}}\'\n')
        program.chmod(0o755)
        assert number(make) == number(make) == wanted


def test_what_terraform_and_python_leave_behind_changes_nothing(
    repository: Path, make: Callable[[Snapshot], None]
) -> None:
    assert number(make) == 1
    for path in ("modules/cache/.terraform/x", "functions/dist/a.zip", "sandbox/__pycache__/a"):
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        (repository / path).write_text("left behind")
    assert number(make) == 1


@pytest.mark.parametrize("part", ["installation.json", "state/s3.json"])
def test_a_broken_one_is_made_again(make: Callable[[Snapshot], None], part: str) -> None:
    assert number(make) == 1
    (found,) = snapshots.FOLDER.glob("example-*")
    (found / part).unlink()
    assert number(make) == 2


def test_a_damaged_one_is_made_again(make: Callable[[Snapshot], None]) -> None:
    assert number(make) == 1
    (found,) = snapshots.FOLDER.glob("example-*")
    (found / "state/s3.json").write_text('{"cut')
    assert number(make) == 2


def test_one_that_could_not_be_made_leaves_nothing(make: Callable[[Snapshot], None]) -> None:
    def fail(snapshot: Snapshot) -> None:
        (snapshot.state / "s3.json").write_text("{}")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        number(fail)
    assert [path.name for path in snapshots.FOLDER.iterdir()] == ["example.lock"]
    assert number(make) == 1
