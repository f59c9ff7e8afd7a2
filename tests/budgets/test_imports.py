"""A handler and a command import what they use, and no more."""

import subprocess
import sys

import pytest

from tests.support.definitions import REPOSITORY

FUNCTIONS = REPOSITORY / "functions"
IMPORTED = """
import sys
from ops.__main__ import main
try:
    main(["where", "--help"])
finally:
    print(*sorted(name for name in sys.modules if name.startswith("ops.")), file=sys.stderr)
"""


def test_a_command_waits_for_its_own_imports_alone() -> None:
    command = [sys.executable, "-c", IMPORTED]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    imported = done.stderr.split()
    assert "ops.where" in imported
    assert not [name for name in imported if name.startswith(("ops.deploy", "ops.doctor"))]


@pytest.mark.parametrize(
    "handler",
    ["parse_event", "check_cache", "send_notification", "import_findings", "deployment_gate"],
)
def test_what_runs_for_every_event_loads_no_http_client(handler: str) -> None:
    program = (
        "import sys\n"
        f"sys.path.insert(0, {str(FUNCTIONS)!r})\n"
        f"import image_scan.handlers.{handler}\n"
        "print([n for n in sys.modules if n.split('.')[0] == 'requests' or '.qualys' in n])\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
