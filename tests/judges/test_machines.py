"""Two validators of Amazon States Language on the state machines, as Terraform renders them."""

import json

import pytest

from tests.judges.programs import ask_node
from tests.support import definitions

BROKEN = {
    '"StartAt": "GetRegistry"': '"StartAt": "Nowhere"',
    '"Next": "SubmitScan"': '"Next": "Nowhere"',
    '"TimeoutSeconds": 65': '"TimeoutSeconds": "soon"',
    '"Type": "Wait"': '"Type": "Sleep"',
}


def test_the_machines_are_valid() -> None:
    machines = {name: definitions.rendered(name) for name in definitions.MACHINES}
    assert ask_node("machines.cjs", machines) == {name: [] for name in machines}


@pytest.mark.parametrize("judge", ["AWS", "asl-validator"])
def test_broken_machines_are_refused(judge: str) -> None:
    """So that each judge is seen to judge."""
    text = json.dumps(definitions.rendered("scan"))
    assert all(each in text for each in BROKEN)
    broken = {new: json.loads(text.replace(old, new)) for old, new in BROKEN.items()}
    stated = ask_node("machines.cjs", broken)
    assert [new for new, said in stated.items() if judge not in " ".join(said)] == []
