"""Runs Python with the packages of the emulator, as `ministack` is not installed for the tests."""

import os
import subprocess

from sandbox.aws import REPOSITORY
from sandbox.emulator_process import emulator_python


def run(*arguments: str) -> str:
    """What the emulator's Python prints."""
    ran = subprocess.run(
        [emulator_python(), *arguments],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout
