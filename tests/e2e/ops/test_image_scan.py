"""./image-scan itself: from any folder, into a pipe, in a shell, and its exit statuses."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sandbox.aws import REPOSITORY
from sandbox.installation import Installation
from tests.support.documents import block

from .conftest import Pushed

TOOL = REPOSITORY / "image-scan"
CRITICAL = {"qid": 1, "severity": 5, "title": "a critical finding"}


def run(
    installation: Installation, command: str, folder: Path = REPOSITORY
) -> subprocess.CompletedProcess[str]:
    """Runs what an operator types into bash."""
    others = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_", "MAKE"))}
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=others | installation.aws.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_the_status_of_findings_is_not_that_of_no_result(
    installation: Installation, pushed: Pushed, tmp_path: Path
) -> None:
    def status(words: str) -> int:
        return run(installation, f"{TOOL} {words}", tmp_path).returncode

    image = pushed.image.by_tag
    assert status("doctor") == 0
    assert status(f"scan --image {image} --wait") == 0
    assert status("where --image shop/never:1") == 3
    assert status("where --image @@@") == 2
    pushed.find(CRITICAL)
    assert status(f"scan IMAGE={image} FORCE=1 WAIT=1") == 1
    pushed.behave(job_error="SENSOR_ERROR")
    assert status(f"scan --image {image} --wait --force") == 3


def test_a_pipe_gets_whole_lines(installation: Installation, pushed: Pushed) -> None:
    run(installation, f"{TOOL} scan --image {pushed.image.by_digest} --wait")
    done = run(installation, f"COLUMNS=40 {TOOL} where --image {pushed.image.by_digest} | cat")
    assert f"  {pushed.image.by_digest}\n" in done.stdout
    assert not any(line.endswith(" ") for line in done.stdout.splitlines())
    ended = run(installation, f"set -o pipefail; {TOOL} logs --json | head -1")
    assert ended.returncode in (0, 141), "it may have ended before head did"
    assert "Traceback" not in ended.stderr


def test_what_the_page_names_works(installation: Installation) -> None:
    done = run(installation, block("docs/commands.md#commands-for-scripts"))
    assert done.returncode == 0, done.stderr
    assert "usage: ./image-scan scan" in done.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("st", ["status"]),
        ("dep", ["deploy", "deploy-hub", "deploy-region", "deploy-spoke-stackset"]),
        ("where --re", ["--repository", "--region"]),
        ("completion z", ["zsh"]),
    ],
)
def test_bash_completes_commands_and_options(
    installation: Installation, words: str, expected: list[str]
) -> None:
    given = f"./image-scan {words}"
    number = len(given.split()) - 1
    script = (
        "source <(./image-scan completion bash)\n"
        f"COMP_WORDS=({given}) COMP_CWORD={number}\n"
        '_image_scan; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = run(installation, script)
    assert done.stdout.split() == expected, done.stderr


def test_without_its_environment_it_says_what_to_do(
    installation: Installation, tmp_path: Path
) -> None:
    shutil.copy(TOOL, tmp_path)
    done = run(installation, "./image-scan doctor", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"The operator's tool is not set up yet: run `make -C {tmp_path} tool` once.\n"
    )
