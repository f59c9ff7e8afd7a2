"""python -m ops: its commands, and what they cost to begin."""

import subprocess
import sys

import pytest

from ops.__main__ import COMMANDS, main
from sandbox.emulator_process import REPOSITORY

IMPORTED = """
import sys
from ops.__main__ import main
try:
    main(["where", "--help"])
finally:
    print(*sorted(name for name in sys.modules if name.startswith("ops.")), file=sys.stderr)
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_tells_its_options(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"python -m ops {command}" in capsys.readouterr().out


def test_a_command_waits_for_its_own_imports_alone() -> None:
    command = [sys.executable, "-c", IMPORTED]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    imported = done.stderr.split()
    assert "ops.where" in imported
    assert not [name for name in imported if name.startswith(("ops.deploy", "ops.doctor"))]


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["scam"])
    assert ended.value.code == 2
    assert "invalid choice: 'scam'" in capsys.readouterr().err
