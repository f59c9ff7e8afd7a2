"""What zsh completes when somebody presses Tab, with no completion set up before."""

import shutil
import subprocess

import pytest

from sandbox.aws import REPOSITORY

ZSH = shutil.which("zsh")
# A shell on a terminal of its own. After each Tab, Ctrl-A and Ctrl-E make a command that prints
# the line: it is executed as it was completed.
_SCRIPT = """
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "source <(./image-scan completion zsh); print -r -- SOURCED:"
zpty -r -m shell answer '*\nSOURCED:*'
print -r -- "$answer"
zpty -w -n shell $'./image-scan '"$1"$'\\t\\x01print -r -- ANSWER: \\x05\\n'
zpty -r -m shell answer '*\nANSWER:*\n*'
print -r -- "$answer"
"""


@pytest.mark.skipif(not ZSH, reason="NOT RUN: no zsh found: install one")
@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("stat", "status"),
        ("dep", "deploy"),
        ("where --repos", "where --repository"),
        ("completion z", "completion zsh"),
    ],
)
def test_zsh_completes_commands_and_options(words: str, completed: str) -> None:
    done = subprocess.run(
        [str(ZSH), "-f", "-c", _SCRIPT, "zsh", words],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "command not found" not in done.stdout, done.stdout
    answers = [line for line in done.stdout.splitlines() if line.startswith("ANSWER:")]
    assert answers == [f"ANSWER: ./image-scan {completed}"], done.stdout + done.stderr
