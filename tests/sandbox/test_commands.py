"""Each command of the Makefile that runs the sandbox finds its modules, as make starts it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from sandbox.aws import REPOSITORY

MODULES = re.findall(r"\$\(BIN\)/python -m (sandbox\.\w+)", (REPOSITORY / "Makefile").read_text())


@pytest.mark.parametrize("module", sorted({*MODULES}))
def test_it_starts(module: str) -> None:
    is_package = (REPOSITORY / module.replace(".", "/") / "__main__.py").exists()
    name = f"{module}.__main__" if is_package else module
    done = subprocess.run(
        [sys.executable, "-B", "-c", f"import {name}"],
        cwd=REPOSITORY,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
