"""`deploy-region` makes the trail of a region beside its spoke, where it is asked to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.support.deploying import ACCOUNT, GOOD, Clone

if TYPE_CHECKING:
    from pathlib import Path

REGION = {"REGION": "eu-west-1", "AUTO_APPROVE": "1", "VAR_tags": '{"team": "a"}'}


def deployed(clone: Clone, **given: str) -> Any:
    """The root that the command writes."""
    clone.must("deploy", **GOOD)
    clone.must("deploy-region", **REGION, **given)
    folder = clone.folder / "deployments/qualys-image-scan" / ACCOUNT / "eu-west-1/regional-spoke"
    root = json.loads((folder / "main.tf.json").read_text())
    trail = root["module"]["trail"]
    assert (folder / trail["source"] / "main.tf").is_file()
    assert trail["count"] == "${var.create_trail ? 1 : 0}"
    assert (trail["name_prefix"], trail["tags"]) == ("qualys-image-scan", {"team": "a"})
    assert not {"create_trail", "trail_retention_days"} & root["module"]["this"].keys()
    return root


def test_by_default_a_region_has_none(clone: Clone) -> None:
    root = deployed(clone)
    assert root["variable"]["create_trail"] == {
        "type": "bool",
        "default": False,
        "nullable": False,
    }


def test_its_inputs_are_variables_whose_types_terraform_checks(clone: Clone) -> None:
    variables = deployed(clone, VAR_create_trail="true", VAR_trail_retention_days="30")["variable"]
    assert variables["create_trail"] == {"type": "bool", "default": True, "nullable": False}
    assert variables["trail_retention_days"]["default"] == 30
    assert variables["trail_retention_days"]["type"] == "number"


def test_a_file_may_give_them(clone: Clone, tmp_path: Path) -> None:
    file = tmp_path / "more.tfvars.json"
    file.write_text(json.dumps({"create_trail": True}))
    assert deployed(clone, TFVARS=str(file))["variable"]["create_trail"]["type"] == "bool"


def test_a_trail_that_the_spoke_contained_is_not_made_again(clone: Clone) -> None:
    moved = deployed(clone)["moved"]
    assert len({each["to"] for each in moved}) == 7
    first = {
        "from": "module.this.aws_cloudtrail.this[0]",
        "to": "module.trail[0].aws_cloudtrail.this",
    }
    assert first in moved
