"""The trail of a region: modules/trail in the same root as the spoke."""

import os
from typing import Any

from ops.deploy import project

Json = dict[str, Any]
# Inputs of the root. They are variables there, so that Terraform checks their types.
VARIABLES: Json = {
    "create_trail": {"type": "bool", "default": False, "nullable": False},
    "trail_retention_days": {"type": "number", "default": 90, "nullable": False},
}
# Before 0.1.0 the spoke contained the trail.
_MOVED = {
    "aws_cloudtrail": "this",
    "aws_s3_bucket": "trail",
    "aws_s3_bucket_lifecycle_configuration": "trail",
    "aws_s3_bucket_policy": "trail",
    "aws_s3_bucket_public_access_block": "trail",
    "aws_s3_bucket_server_side_encryption_configuration": "trail",
    "aws_s3_bucket_versioning": "trail",
}


def with_trail(document: Json, folder: os.PathLike[str]) -> Json:
    """Returns the document of a root with the trail beside its module `this`."""
    spoke: Json = dict(document["module"]["this"])
    variables = dict(document.get("variable", {}))
    for name, declared in VARIABLES.items():
        value = spoke.pop(name, declared["default"])
        from_file = value == f"${{var.{name}}}"
        variables[name] = declared if from_file else declared | {"default": value}
    trail: Json = {
        "source": os.path.relpath(project.REPOSITORY / "modules/trail", folder),
        "count": "${var.create_trail ? 1 : 0}",
        "retention_days": "${var.trail_retention_days}",
        **{name: spoke[name] for name in ("name_prefix", "tags") if name in spoke},
    }
    moved = [
        {"from": f"module.this.{kind}.{name}[0]", "to": f"module.trail[0].{kind}.this"}
        for kind, name in _MOVED.items()
    ]
    return document | {
        "variable": variables,
        "module": {"this": spoke, "trail": trail},
        "moved": moved,
    }
