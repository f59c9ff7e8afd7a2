"""The state table's keys: the policies name the same prefixes as the code."""

import re
from pathlib import Path

import pytest

from image_scan.notifications import exceptions
from image_scan.state import keys
from tests.support import table_access, tables

POLICIES = Path(__file__).parents[3] / "modules/workflow/table_keys.tf"


def test_policies_and_code_have_the_same_prefixes() -> None:
    block = re.search(r"state_prefixes = \{\n(.*?)\n  \}", POLICIES.read_text(), re.DOTALL)
    assert block
    declared = dict(re.findall(r'^ +(\w+) += "(.+)"$', block[1], re.MULTILINE))
    ours = {name.lower(): value for name, value in vars(keys).items() if name.isupper()}
    assert declared == ours


def test_terraform_writes_the_exceptions_where_they_are_read() -> None:
    written = (POLICIES.parents[1] / "notifications/main.tf").read_text()
    assert f'= {{ S = "{exceptions.KEY}" }}' in written


def test_the_gate_reads_keys_that_verdicts_are_recorded_under() -> None:
    """And of images only those that ECR confirms by their digest."""
    recorded = {
        (each["table"], key)
        for each in table_access.statements()["send_notification"]
        for key in each["keys"]
        if each["table"] == tables.CACHE or key.startswith(keys.EXCEPTIONS)
    }
    read = {
        (each["table"], key)
        for each in table_access.statements()["deployment_gate"]
        for key in each["keys"]
    }
    assert read == recorded - {(tables.CACHE, "????????????/*")}


@pytest.mark.held("colliding keys")
def test_no_prefix_begins_another() -> None:
    found = [value for name, value in vars(keys).items() if name.isupper()]
    assert all(a == b or not a.startswith(b) for a in found for b in found)
