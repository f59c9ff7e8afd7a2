"""A hub whose state is elsewhere is known by the names that the modules give."""

import re

from ops.deploy import project
from ops.deploy.hubs import READERS, hub_by_names

BUS = "arn:aws:events:us-east-1:111122223333:event-bus/second-hub"


def test_the_functions_that_read_members_are_those_of_the_module() -> None:
    text = (project.REPOSITORY / "modules/workflow/outputs.tf").read_text()
    found = re.search(r"describe_principal_arns = \[for name in concat\(\[(.+?)\]", text)
    assert found
    assert re.findall(r'"(\w+)"', found[1]) == [name.replace("-", "_") for name in READERS]


def test_names_of_a_hub() -> None:
    facts, pattern = hub_by_names(BUS, "o-a1b2c3d4e5", registry_role="", imports=True)
    assert facts["describe_principal_arns"] == [
        f"arn:aws:iam::111122223333:role/*second-{function}-us-east-1"
        for function in (*READERS, "import-findings")
    ]
    assert facts["registry_role_name"] == "second-registry-us-east-1"
    assert facts["describe_external_id"] == "second-111122223333"
    assert "templates/rules.yaml" in pattern
