"""An index beside other images of its repository: none of them answers for the one that runs."""

from __future__ import annotations

import pytest

from tests.support.builders import HOST
from tests.support.pipeline import REPOSITORY, Pipeline, ended, reason, verdict

AMD, ARM = "a" * 64, "e" * 64
BOTH = {"linux/amd64": AMD, "linux/arm64": ARM}
# One architecture that Fargate has, and one of which nobody knows what it pulls.
KNOWN, UNKNOWN = "x86_64", "riscv64"


def uri(tag: str) -> str:
    return f"{HOST}/{REPOSITORY}:{tag}"


@pytest.mark.attack(1)
@pytest.mark.parametrize("architecture", [KNOWN, UNKNOWN])
def test_a_bad_image_is_not_clean_by_a_clean_one_that_was_scanned_later(
    connected: Pipeline, architecture: str
) -> None:
    """Its job ends 0.2 s before that of its neighbour, which has a tag of its own."""
    connected.push_index("1.0", BOTH, arm64="tools")
    connected.find(5, key=AMD)
    connected.qualys.behave(f"{REPOSITORY}:1.0", scan_seconds=0.5)
    connected.qualys.behave(f"{REPOSITORY}:tools", scan_seconds=0.7)
    connected.announce(uri("1.0"), "app", architecture)
    connected.announce(uri("tools"), "sidecar", architecture)
    index, tools = connected.scans_together()
    assert (verdict(index), verdict(tools)) == ("FINDINGS", "CLEAN")
    assert [each["verdict"] for each in connected.notifications()] == ["FINDINGS"]
    assert connected.notifications()[0]["config_digest"] == f"sha256:{AMD}"


@pytest.mark.parametrize("architecture", [KNOWN, UNKNOWN])
def test_a_bad_image_that_is_not_listed_yet_is_waited_for(
    connected: Pipeline, architecture: str
) -> None:
    """Its clean neighbour was scanned 100 s before the request, as clocks may be apart."""
    connected.push_index("1.0", BOTH, arm64="tools")
    connected.find(5, key=AMD)
    assert verdict(connected.scan(uri("tools"), "sidecar", architecture)) == "CLEAN"
    (neighbour,) = connected.qualys.state()["images"]
    ago = connected.time.time() - neighbour["scannedAt"]
    connected.time.sleep(100 - ago)
    connected.qualys.behave(f"{REPOSITORY}:1.0", visible_from="scanned", results_lag_seconds=100)
    assert verdict(connected.scan(uri("1.0"), "app", architecture)) == "FINDINGS"


@pytest.mark.parametrize("bad", [AMD, ARM], ids=["what was pulled", "its neighbour"])
def test_what_qualys_does_not_say_apart_is_never_clean(connected: Pipeline, bad: str) -> None:
    """The digest of the index is nowhere in its answers, and the platform is not known."""
    connected.qualys.scenario(repo_digest_of="manifest")
    connected.push_index("1.0", BOTH, arm64="tools")
    connected.find(5, key=bad)
    connected.announce(uri("1.0"), "app", UNKNOWN)
    connected.announce(uri("tools"), "sidecar", UNKNOWN)
    index, _ = connected.scans_together()
    assert verdict(index) == "FINDINGS"
    assert "does not say which image of the index" in reason(index)


def test_an_image_whose_neighbour_alone_has_a_result_is_never_clean(connected: Pipeline) -> None:
    connected.qualys.behave(f"{REPOSITORY}:1.0", visible_from="scanned", results_lag_seconds=9e4)
    connected.push_index("1.0", BOTH, arm64="tools")
    connected.find(5, key=AMD)
    connected.announce(uri("1.0"), "app", UNKNOWN)
    connected.announce(uri("tools"), "sidecar", UNKNOWN)
    index, _ = connected.scans_together()
    assert ended(index) == ("ERROR", "ScanFailed")
    assert "does not say which image of the index" in reason(index)


class TestOnePipelineForTwoPlatforms:
    """`v1-amd64`, `v1-arm64` and the index `v1` of both; the sensor pulls for linux/amd64."""

    @pytest.fixture
    def pushed(self, connected: Pipeline) -> Pipeline:
        connected.push_index("v1", BOTH, amd64="v1-amd64", arm64="v1-arm64")
        return connected

    def test_each_workload_is_notified_of_the_platform_that_it_runs(self, pushed: Pipeline) -> None:
        pushed.find(5, key=AMD)
        pushed.announce(uri("v1"), "on-amd64", "x86_64")
        pushed.announce(uri("v1-arm64"), "on-arm64", "arm64")
        on_amd, on_arm = pushed.scans_together()
        assert (verdict(on_amd), verdict(on_arm)) == ("FINDINGS", "CLEAN")
        (sent,) = pushed.notifications()
        assert [each["service"] or each["task_definition"] for each in sent["workloads"]]
        assert sent["config_digest"] == f"sha256:{AMD}"

    def test_one_index_on_two_platforms_has_two_verdicts(self, pushed: Pipeline) -> None:
        """The verdict of the one is not everybody's."""
        pushed.find(5, key=ARM)
        assert verdict(pushed.scan(uri("v1"), "on-amd64", "x86_64")) == "CLEAN"
        run = pushed.scan(uri("v1"), "on-arm64", "arm64")
        assert ended(run) == ("UNSCANNABLE", "ImageNotScannable")
        assert "an image for linux/arm64, and Qualys scanned another one" in reason(run)

    def test_a_platform_that_has_a_tag_of_its_own_is_found_by_it(self, pushed: Pipeline) -> None:
        pushed.find(5, key=ARM)
        pushed.announce(uri("v1"), "on-arm64", "arm64")
        pushed.announce(uri("v1-arm64"), "job", "arm64")
        assert [verdict(each) for each in pushed.scans_together()] == ["FINDINGS", "FINDINGS"]

    def test_the_image_of_the_platform_is_asked_for_directly(self, pushed: Pipeline) -> None:
        pushed.qualys.scenario(scan_seconds=100.0)
        assert verdict(pushed.scan(uri("v1"), "on-amd64", "x86_64")) == "CLEAN"
        asked = [each["path"].rsplit("/", 1)[-1] for each in pushed.qualys.calls()]
        assert AMD in asked
        assert "images" not in asked


@pytest.mark.parametrize("architecture", [KNOWN, "arm64", UNKNOWN])
def test_a_queued_request_is_of_the_same_platform(connected: Pipeline, architecture: str) -> None:
    """Its redrive goes on with the image's own item, and takes no other platform for it."""
    connected.push_index("1.0", BOTH, pulled="linux/arm64")
    connected.spoil("/registry/[^/]+/schedule", method="POST", status=503, times=0)
    assert connected.scan(uri("1.0"), "app", architecture).status == "FAILED"
    (queued,) = connected.failed_events()
    del queued["error"]
    connected.qualys.fix()
    connected.find(5, key=ARM)
    connected.intake(queued)
    (again,) = connected.scans()
    wanted = "UNSCANNABLE" if architecture == KNOWN else "FINDINGS"
    assert verdict(again) == wanted


def test_a_platform_that_qualys_does_not_pull_is_not_scanned_at_each_start(
    connected: Pipeline,
) -> None:
    connected.push_index("1.0", BOTH)
    assert verdict(connected.scan(uri("1.0"), "app", "arm64")) == "UNSCANNABLE"
    event = connected.event(uri("1.0"), "app", "arm64")
    (task,) = event["detail"].pop("responseElements")["tasks"]
    for number in range(3):
        started = {
            **event,
            "id": f"task-{number}",
            "detail-type": "ECS Task State Change",
            "detail": {
                **task,
                "taskArn": f"task/{number}",
                "group": "family:app",
                "lastStatus": "RUNNING",
                "desiredStatus": "RUNNING",
            },
        }
        connected.intake(started)
    assert connected.scans() == []
