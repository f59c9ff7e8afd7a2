"""A small `aws`, so that the commands of the pages run where the AWS CLI is not installed.

As the CLI does, it takes operations and options from the SDK's own description of the services,
and refuses what is not in it. It knows --region, --query and --output text of the global options.
"""

import json
import stat
import sys
from pathlib import Path
from typing import Any

import boto3
import jmespath  # type: ignore[import-untyped]
from botocore import xform_name

from sandbox.aws import REPOSITORY

Json = dict[str, Any]


def install(folder: Path) -> Path:
    """Writes the command into a folder, which is to be on PATH."""
    command = folder / "aws"
    lines = (
        "#!/bin/sh",
        f'PYTHONPATH={REPOSITORY}:{REPOSITORY}/functions exec {sys.executable} -m {__name__} "$@"',
    )
    command.write_text("\n".join(lines) + "\n")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    return folder


def main(service: str, operation: str, *arguments: str) -> None:
    given = _options(arguments)
    region = given.pop("region", [None])[0]
    query, output = given.pop("query", [""])[0], given.pop("output", ["json"])[0]
    client = boto3.client(service, region_name=region)  # type: ignore[call-overload]
    method = operation.replace("-", "_")
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
    members = {xform_name(name, "-"): name for name in model.input_shape.members}
    values = {
        members[option]: _value(model.input_shape.members[members[option]], words)
        for option, words in given.items()
    }
    answer = getattr(client, method)(**values)
    answer.pop("ResponseMetadata")
    shown = jmespath.search(query, answer) if query else answer
    print(_text(shown) if output == "text" else json.dumps(shown, indent=4, default=str))  # noqa: T201


def _options(arguments: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for argument in arguments:
        if argument.startswith("--"):
            found[argument.removeprefix("--")] = words = []
        else:
            words.append(argument)
    return found


def _value(shape: Any, words: list[str]) -> Any:
    kind = shape.type_name
    if words and words[0][0] in "[{" and kind in {"list", "map", "structure"}:
        return json.loads(words[0])
    if kind == "list":
        return [_value(shape.member, [each]) for each in words]
    if kind == "structure":  # in the CLI's shorthand: name=value,name=value
        return dict(pair.split("=", 1) for pair in words[0].split(","))
    return words[0]


def _text(shown: Any) -> str:
    return "\t".join(map(str, shown)) if isinstance(shown, list) else str(shown)


if __name__ == "__main__":
    main(*sys.argv[1:])
