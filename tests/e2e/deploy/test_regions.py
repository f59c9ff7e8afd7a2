"""Other regions of the account forward to the one that is deployed."""

from sandbox.aws import ACCOUNT

from .conftest import Project

ELSEWHERE = ("eu-west-1", "ap-south-1")


def test_two_regions_at_a_time(project: Project) -> None:
    regions = f"REGION={','.join(ELSEWHERE)}"
    said = project.make("deploy-region", regions, "AUTO_APPROVE=1")
    for region in ELSEWHERE:
        assert f"[regional-spoke {region}] Apply complete!" in said
        rules = project.aws.client("events", ACCOUNT, region).list_rules()["Rules"]
        assert [rule["Name"] for rule in rules] == ["qualys-image-scan-forward-deployments"]
