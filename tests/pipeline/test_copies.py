"""The same bytes in two repositories are one image with one scan. What is said of it, and to whom,
follows the repository that each workload runs it from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from image_scan.errors import AwsRejected
from image_scan.events.api_calls import family
from image_scan.inventory.sending import Sending
from image_scan.notifications.exceptions import KEY
from tests.pipeline.test_backfill import Account
from tests.support.builders import HOST, NOW, image
from tests.support.pipeline import REPOSITORY, Pipeline, verdict

if TYPE_CHECKING:
    from image_scan.contracts import Image

Json = dict[str, Any]
COPY, OWN = "mirror/app", "shop/own"
ORDERS = [(COPY, OWN), (OWN, COPY)]


@pytest.fixture
def copied(connected: Pipeline) -> Pipeline:
    """An image with a critical finding, in two repositories."""
    digests = {connected.push(name, "1", config="e" * 64) for name in (COPY, OWN)}
    assert len(digests) == 1
    for name in (COPY, OWN):
        connected.find(5, key=name)
    return connected


def service(repository: str) -> str:
    return {COPY: "mirror", OWN: "own"}[repository]


def deploy(pipeline: Pipeline, *repositories: str) -> None:
    """Each one waits for the first one's scan."""
    for name in repositories:
        pipeline.announce(f"{HOST}/{name}:1", service=service(name))
    assert len(pipeline.scans()) == 1


def notified(pipeline: Pipeline) -> dict[str, list[str]]:
    """The services that each notification names, by the repository that it is about."""
    return {
        each["image"]["repository"]: [family(one["task_definition"]) for one in each["workloads"]]
        for each in pipeline.notifications()
        if each["schema"].startswith("image-scan/notification")
    }


def accept(pipeline: Pipeline, repository: str) -> None:
    accepted = {"qid": 1000, "cve": None, "account_id": "", "repository": repository}
    accepted |= {"until": "2099-01-01", "reason": "internal", "owner": "platform"}
    pipeline.state.put({"key": KEY, "exceptions": json.dumps([accepted])})


@pytest.mark.attack(13)
@pytest.mark.parametrize("order", ORDERS)
def test_an_exception_for_a_copy_silences_nobody_who_runs_the_image_from_elsewhere(
    copied: Pipeline, order: tuple[str, str]
) -> None:
    accept(copied, COPY)
    deploy(copied, *order)
    assert notified(copied) == {OWN: ["own"]}


@pytest.mark.parametrize("order", ORDERS)
def test_nor_one_who_deploys_it_later(copied: Pipeline, order: tuple[str, str]) -> None:
    accept(copied, COPY)
    for name in order:
        copied.announce(f"{HOST}/{name}:1", service=service(name))
        copied.scans()
    assert notified(copied) == {OWN: ["own"]}


@pytest.mark.parametrize("order", ORDERS)
def test_each_notification_is_about_the_repository_that_its_workloads_run(
    copied: Pipeline, order: tuple[str, str]
) -> None:
    deploy(copied, *order)
    assert notified(copied) == {OWN: ["own"], COPY: ["mirror"]}
    uris = {each["image"]["uri"] for each in copied.notifications()}
    assert uris == {f"{HOST}/{name}:1" for name in (OWN, COPY)}


def test_the_end_of_an_exception_is_notified_to_those_whose_repository_it_was_for(
    copied: Pipeline, environment: pytest.MonkeyPatch
) -> None:
    account = Account(copied, environment)
    accept(copied, COPY)
    deploy(copied, COPY, OWN)
    run_both(account)
    account.reconciles()
    assert notified(copied) == {OWN: ["own"]}
    copied.state.put({"key": KEY, "exceptions": "[]"})
    account.reconciles()
    assert notified(copied) == {OWN: ["own"], COPY: ["mirror"]}


def test_who_waits_for_a_copy_that_cannot_be_scanned_reads_where_that_was_tried(
    copied: Pipeline,
) -> None:
    copied.qualys.behave(COPY, job_error="the sensor may not pull")
    deploy(copied, COPY, OWN)
    said = {each["image"]["repository"]: each["reason"] for each in copied.notifications()}
    assert "scanned in" not in said[COPY]
    assert said[OWN].endswith(f"(it was scanned in {HOST}/{COPY})")


@pytest.mark.attack(14)
@pytest.mark.parametrize(("first", "ends"), [(OWN, "FINDINGS"), (COPY, "ERROR")])
def test_a_copy_that_cannot_be_scanned_takes_no_verdict_from_what_runs_elsewhere(
    copied: Pipeline, environment: pytest.MonkeyPatch, first: str, ends: str
) -> None:
    account = Account(copied, environment)
    copied.qualys.behave(COPY, job_error="the sensor may not pull")
    assert verdict(copied.scan(f"{HOST}/{first}:1", service=service(first))) == ends
    run_both(account)
    assert verdicts(account, days=16) == {"FINDINGS"}
    assert notified(copied)[OWN] == ["own"]


@pytest.mark.attack(14)
@pytest.mark.parametrize("tried", range(5))
def test_many_copies_of_one_account_have_one_turn(tried: int) -> None:
    copies = [image(account_id="1", repository=f"mirror/{number}") for number in range(5)]
    own = image(account_id="2", repository="shop/own")
    assert sent(copies[tried], *copies, own)[0] == 5


@pytest.mark.attack(14)
def test_registries_of_others_bring_an_account_no_more_turns() -> None:
    """AWS accounts are free, and one member may run copies from many of them."""
    begun: list[int] = []
    sending = Sending(lambda event: begun.append(event["id"]), NOW, lambda _: None)
    copies = [image(account_id=f"9{number}", repository="copy/app") for number in range(9)]
    entry = {**copies[0], "deployer": "1", "status": "ERROR"}
    for number, each in enumerate([*copies, image(account_id="2")]):
        account = "2" if number == 9 else "1"
        sending.send(task(number, account=account), [(each["key"], each, entry)])
    assert list(sending.finish()) == []
    assert begun[0] == 9


@pytest.mark.attack(14)
def test_among_equals_each_has_its_turn() -> None:
    copies = [image(account_id=str(number)) for number in range(4)]
    assert {sent(copies[0], *copies, now=day)[0] for day in range(40)} == {1, 2, 3}
    copies = [image(repository=f"shop/{number}") for number in range(4)]
    assert {sent(copies[0], *copies, now=day)[0] for day in range(40)} == {1, 2, 3}
    assert sent(copies[0], copies[0]) == [0], "there is no other"


def test_the_others_come_when_the_first_has_begun() -> None:
    naps: list[float] = []
    copies = [image(account_id=str(number)) for number in range(3)]
    sent(copies[0], *copies, naps=naps)
    assert naps == [10]
    sent(copies[0], copies[0], naps=naps)
    assert naps == [10], "nobody waits for nothing"


def test_a_task_that_is_refused_keeps_no_other_from_being_sent() -> None:
    def refuse(event: Json) -> None:
        raise AwsRejected(f"no {event['id']}")

    sending = Sending(refuse, NOW, lambda _: None)
    for number in range(2):
        each = image(account_id=str(number))
        sending.send(task(number), [(each["key"], each, {**image(), "status": "ERROR"})])
    assert sorted(event["id"] for event, _ in sending.finish()) == [0, 1]


@pytest.mark.attack(14)
@pytest.mark.parametrize("is_gone", [False, True])
def test_a_copy_that_is_gone_takes_nobodys_turn(
    copied: Pipeline, environment: pytest.MonkeyPatch, is_gone: bool
) -> None:
    account = Account(copied, environment)
    copied.qualys.behave(OWN, job_error="no space")
    assert verdict(copied.scan(f"{HOST}/{OWN}:1", service="own")) == "ERROR"
    run_both(account)
    copied.qualys.behave(OWN)
    if is_gone:
        copied.push(COPY, "1", config="f" * 64)  # the tag names another image now
    account.reconciles()
    assert verdicts(account, days=3) == {"FINDINGS"}


@pytest.mark.attack(14)
@pytest.mark.parametrize("days", ["1", "3"])
def test_a_rescan_is_made_from_where_the_last_one_had_a_result(
    copied: Pipeline, environment: pytest.MonkeyPatch, days: str
) -> None:
    copied.configure(RESCAN_DAYS=days)
    account = Account(copied, environment)
    copied.qualys.behave(COPY, job_error="the sensor may not pull")
    copied.scan(f"{HOST}/{OWN}:1", service="own")
    run_both(account)
    assert verdicts(account, days=9) == {"FINDINGS"}


@pytest.mark.attack(14)
def test_a_sibling_that_fails_takes_no_turn_from_an_image() -> None:
    """A task runs the image, and one that never has a result. Another account has two copies."""
    shared = image(account_id="1", containers=["app"])
    sibling = image(account_id="1", key="other", containers=["log"])
    copies = [image(account_id="2", repository=f"mirror/{number}") for number in range(2)]
    begun: list[Json] = []
    sending = Sending(begun.append, NOW, lambda _: begun.append({}))
    failed = {**copies[0], "status": "ERROR"}
    its = [("key", shared, failed), ("other", sibling, {**sibling, "status": "ERROR"})]
    sending.send(task(0, "app", "log", "side"), its)
    failing = {**sibling, "status": "ERROR"}
    sending.send(task(1, account="2"), [("other", copies[0], failing)])
    sending.send(task(2, account="2"), [("key", copies[1], failed)])
    assert list(sending.finish()) == []
    assert [(each["id"], names(each)) if each else () for each in begun] == [
        (0, ["app", "side"]),
        (1, ["app"]),
        (),
        (0, ["log"]),
        (2, ["app"]),
    ]


def task(number: int, *containers: str, account: str = "1") -> Json:
    return {
        "id": number,
        "account": account,
        "detail": {"containers": [{"name": name} for name in containers or ("app",)]},
    }


def names(event: Json) -> list[str]:
    return [each["name"] for each in event["detail"]["containers"]]


def sent(
    tried: Image, *copies: Image, now: float = NOW, naps: list[float] | None = None
) -> list[int]:
    """The order in which a reconciliation sends copies, after one was tried in vain."""
    begun: list[int] = []
    naps = [] if naps is None else naps
    sending = Sending(lambda event: begun.append(event["id"]), now, naps.append)
    for number, each in enumerate(copies):
        entry = {**tried, "status": "ERROR"}
        sending.send(task(number, account=each["account_id"]), [(each["key"], each, entry)])
    assert list(sending.finish()) == []
    assert sorted(begun) == [*range(len(copies))]
    return begun


def run_both(account: Account) -> None:
    """The task of the copy is the first that a reconciliation meets."""
    digest = account.pipeline.push(OWN, "1", config="e" * 64)
    for number, name in enumerate((COPY, OWN)):
        account.runs(number, f"{HOST}/{name}:1", digest, service(name))


def verdicts(account: Account, days: int) -> set[str]:
    """Of what runs, after the scans of each day's reconciliation."""
    found = set()
    for _ in range(days):
        account.reconciles()
        (digest,) = {task["containers"][0]["imageDigest"] for task in account.ecs.tasks.values()}
        found.add(str(account.pipeline.item(digest)["status"]))
    return found


@pytest.mark.attack(14)
def test_a_tag_that_is_moved_leaves_the_image_to_its_other_tags(
    connected: Pipeline, environment: pytest.MonkeyPatch
) -> None:
    """Its owner's next build moves `latest` while the scan by that tag runs."""
    account, config = Account(connected, environment), "f" * 64
    connected.find(5, key=config)
    (digest,) = {connected.push(tag=tag, config=config) for tag in ("v1", "latest")}
    for tag in ("latest", "v1"):
        connected.announce(f"{HOST}/{REPOSITORY}:{tag}", service=f"web-{tag}")
    connected.push(tag="latest", config="b" * 64)
    connected.scans()
    assert connected.item(digest)["status"] == "UNSCANNABLE"
    account.runs(1, f"{HOST}/{REPOSITORY}:v1", digest, "web-v1")
    account.reconciles()
    assert connected.item(digest)["status"] == "FINDINGS"
