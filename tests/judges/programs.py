"""The judges' own programs, which `make judges` installs below .judges."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandbox.emulator_process import REPOSITORY

HERE = Path(__file__).parent
VENV = REPOSITORY / ".judges/venv/bin"
NODE = REPOSITORY / ".judges/node/node_modules"


def run(command: Sequence[str | Path], given: Any = None, **environment: str) -> str:
    """What a program prints that is given JSON; it fails with the program's own words."""
    answer = subprocess.run(
        command,
        input=json.dumps(given),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, f"{command}: {answer.stdout[-4000:]}{answer.stderr[-4000:]}"
    return answer.stdout


def ask_node(script: str, given: Any) -> Any:
    """The JSON that a script of this folder answers with, on Node.js and the judges' packages."""
    node = shutil.which("node")
    assert node, "Node.js 18 or newer is needed"
    return json.loads(run([node, HERE / script], given, NODE_PATH=str(NODE)))
