"""Schemas of the aws provider: all that the modules use is in the oldest version that they take and
in the newest that is packaged, and what that one warns of is said to who upgrades."""

from collections.abc import Iterator

import pytest

from sandbox.emulator_process import REPOSITORY
from tests.judges.published_schemas import Deprecations, Schema
from tests.judges.written_terraform import Written, blocks, references
from tests.support.documents import block

PACKED = REPOSITORY / ".judges/packed"
SCHEMAS = {"cdktf-provider-aws-*.tgz": "5.95.0", "cdktn-provider-aws-*.tgz": "6.66.0"}
# What the newest version warns of, where the oldest knows nothing else.
DEPRECATED = {
    ("resource.aws_cloudformation_stack_set_instance", "region"),
    ("resource.aws_dynamodb_table.global_secondary_index", "hash_key"),
    ("resource.aws_dynamodb_table.global_secondary_index", "range_key"),
    ("data.aws_region", "id"),
}


@pytest.fixture(scope="module", params=SCHEMAS)
def schema(request: pytest.FixtureRequest) -> Schema:
    (package,) = PACKED.glob(request.param)
    used = blocks()
    assert len(used) > 60
    found = Schema(package, {(each.source, each.type) for each in used})
    assert found.version == SCHEMAS[request.param]
    return found


def test_the_oldest_is_the_one_that_the_modules_take() -> None:
    constraint = f'version = ">= {min(SCHEMAS.values()).removesuffix(".0")}'
    assert constraint in (REPOSITORY / "versions.tf").read_text()


def test_every_argument_and_block_is_there_and_none_is_missing(schema: Schema) -> None:
    assert [wrong for each in sorted(blocks(), key=str) for wrong in schema.wrong_with(each)] == []


def test_the_hook_of_the_page_needs_the_newest() -> None:
    written = blocks(block("docs/deployment-gate.md#how-to-begin 3"))
    wrong = {}
    for package, version in SCHEMAS.items():
        (found,) = PACKED.glob(package)
        schema = Schema(found, {("resource", "aws_ecs_service")})
        wrong[version] = [each for one in written for each in schema.wrong_with(one)]
    assert wrong["6.66.0"] == []
    assert any("lifecycle_hook" in each for each in wrong["5.95.0"])


def test_every_attribute_is_there(schema: Schema) -> None:
    read = references()
    assert len(read) > 25
    assert [each for each in sorted(read) if not schema.has_attribute(*each)] == []


def test_what_is_not_in_a_schema_is_seen(schema: Schema) -> None:
    """So that the judge is seen to judge."""
    dead_letter = Written(
        "resource",
        "aws_cloudwatch_event_target",
        ("dead_letter_config",),
        frozenset({"arns"}),
        frozenset(),
    )
    assert schema.wrong_with(dead_letter) == [f"{dead_letter} has no arns"]
    rule = Written("resource", "aws_cloudwatch_event_target", (), frozenset({"arn"}), frozenset())
    assert schema.wrong_with(rule) == [f"{rule} needs rule"]
    assert not schema.has_attribute("resource", "aws_sqs_queue", "queue_arn")


def warnings() -> Iterator[tuple[str, str]]:
    (package,) = PACKED.glob("pulumi_aws-*.whl")
    deprecations = Deprecations(package)
    for each in blocks():
        for name in each.names | each.blocks if each.source == "resource" else ():
            if deprecations.of_argument(each, name):
                yield str(each), name
    for source, type_, name in references():
        if deprecations.of_attribute(source, type_, name):
            yield f"{source}.{type_}", name


def test_what_the_newest_provider_warns_of_is_documented() -> None:
    assert set(warnings()) == DEPRECATED
    page = (REPOSITORY / "docs/upgrade.md").read_text()
    for where, name in DEPRECATED:
        type_ = where.split(".")[1]
        assert any(type_ in line and f"`{name}`" in line for line in page.splitlines()), type_
