"""The digest of a day: what runs unscannable, and exceptions that end soon."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from image_scan.inventory.coverage import UnscannableImage
from image_scan.notifications import digest as daily_digest
from image_scan.notifications import digest_lines
from image_scan.notifications.acceptance import parse_exceptions
from image_scan.notifications.digest import DailyDigest
from image_scan.notifications.exceptions import KEY, ExceptionStore
from image_scan.notifications.policy import NotificationPolicy
from image_scan.state.registered_failures import RegisteredFailures
from tests.support.builders import NOTIFY

if TYPE_CHECKING:
    from image_scan.notifications.throttle import Throttle
    from image_scan.state.table import StateTable
    from tests.support.doubles import Clock, Inbox

TODAY = date(2026, 2, 2)
NGINX = UnscannableImage("docker.io/nginx:1", "not an image of ECR", {"1#eu#prod#b", "1#eu#prod#a"})
BROKEN = UnscannableImage("shop/broken:1", "ScanFailed: no space", {"1#eu#prod#c"}, "ERROR")
LATE: list[dict[str, Any]] = [
    {
        "uri": "shop/app:1",
        "workload": "1#eu#prod#web",
        "team": "payments",
        "findings": [
            {
                "qid": number,
                "finding": f"CVE-2026-{number}",
                "severity": "critical",
                "since": "2026-01-20",
                "due": "2026-01-27",
                "open_days": 13,
            }
            for number in (1, 2, 3, 4)
        ],
        "findings_total": 5,
    },
    {
        "uri": "shop/jobs:1",
        "workload": "1#eu#prod#jobs",
        "team": "",
        "findings": [
            {
                "qid": 9,
                "finding": "QID 9",
                "severity": "high",
                "since": "2026-02-01",
                "due": "2026-02-01",
                "open_days": 1,
            }
        ],
        "findings_total": 1,
    },
]
LINE = "\n\x1b[31mCRITICAL"


def exception(until: str, **changes: Any) -> dict[str, Any]:
    base = {
        "qid": 1,
        "cve": None,
        "repository": "shop/app",
        "reason": "no fix yet",
        "owner": "shop",
    }
    return {**base, "until": until, **changes}


def test_a_quiet_day_has_no_digest() -> None:
    far = parse_exceptions([exception("2026-02-10"), exception("2026-02-01")])
    assert daily_digest.digest({}, {}, [], far, TODAY) is None


@pytest.mark.attack(15)
def test_it_names_accounts_that_were_not_read_and_each_has_its_turn() -> None:
    crowd = {
        (str(number), f"eu-{region}"): "x" * 500 for number in range(9) for region in range(30)
    }
    sent = daily_digest.digest({}, {}, [], [], TODAY, unread={**crowd, ("v", "eu"): f"no{LINE}"})
    assert sent
    lines = daily_digest.text(sent).splitlines()
    assert lines[0] == "Image scan: 271 regions of accounts not read"
    assert [line for line in lines if line.startswith("v eu was not read: no")]
    assert "\x1b" not in "".join(lines)
    assert len(json.dumps(sent["unread"])) <= 25_000
    assert lines[-1] == f"and {271 - len(sent['unread'])} more regions of accounts"


def test_it_names_images_workloads_and_exceptions() -> None:
    ends = parse_exceptions(
        [exception("2026-02-09"), exception("2026-02-02", qid=None, cve="CVE-2026-1")]
    )
    sent = daily_digest.digest({"docker.io/nginx:1": NGINX}, {"x": BROKEN}, [], ends, TODAY)
    assert sent
    assert daily_digest.text(sent).splitlines() == [
        "Image scan: 1 running image cannot be scanned, 1 running image ended without a result, "
        "2 exceptions will end within a week",
        "",
        "docker.io/nginx:1: not an image of ECR",
        "  1#eu#prod#a",
        "  1#eu#prod#b",
        "shop/broken:1: ERROR: ScanFailed: no space",
        "  1#eu#prod#c",
        "CVE-2026-1 in shop/app, accepted by an exception of shop until 2026-02-02: no fix yet",
        "QID 1 in shop/app, accepted by an exception of shop until 2026-02-09: no fix yet",
    ]
    texts = daily_digest.notification(sent).texts
    (nginx,) = json.loads(texts["machines"])["unscannable"]
    assert nginx["workloads"] == ["1#eu#prod#a", "1#eu#prod#b"]
    assert nginx["workloads_total"] == 2
    assert json.loads(texts["chat"])["source"] == "custom"


def lines(sent: dict[str, Any]) -> list[str]:
    return [line for section in digest_lines.sections(sent) for line in section]


def test_it_names_what_is_overdue_first() -> None:
    sent = daily_digest.digest({"x": NGINX}, {}, LATE, [], TODAY)
    assert sent
    assert daily_digest.text(sent).splitlines()[:12] == [
        "Image scan: 6 findings overdue, 1 running image cannot be scanned",
        "",
        "shop/app:1: 5 findings overdue, the first since 2026-01-27",
        "  1#eu#prod#web, team payments",
        "  CVE-2026-1, critical, open for 13 days, due 2026-01-27",
        "  CVE-2026-2, critical, open for 13 days, due 2026-01-27",
        "  CVE-2026-3, critical, open for 13 days, due 2026-01-27",
        "  and 2 more",
        "shop/jobs:1: 1 finding overdue, the first since 2026-02-01",
        "  1#eu#prod#jobs",
        "  QID 9, high, open for 1 day, due 2026-02-01",
        "docker.io/nginx:1: not an image of ECR",
    ]
    machines = json.loads(daily_digest.notification(sent).texts["machines"])
    assert (machines["overdue"], machines["overdue_total"]) == (LATE, 6)
    assert machines["overdue_workloads"] == 2
    assert len(daily_digest.notification(sent).texts["phones"]) < 140


def test_a_workload_with_two_images_is_one_that_is_overdue() -> None:
    rows = [LATE[0], {**LATE[0], "uri": "shop/jobs:1"}]
    sent = daily_digest.digest({}, {}, rows, [], TODAY)
    assert sent
    assert (len(sent["overdue"]), sent["overdue_workloads"]) == (2, 1)
    assert not any("more workloads" in line for line in lines(sent))


def test_a_thousand_images_fit() -> None:
    many = {
        f"image-{n}": UnscannableImage(f"image-{n}", "r" * 300, {f"{p}" * 99 for p in range(99)})
        for n in range(1000)
    }
    sent = daily_digest.digest(many, many, LATE * 500, [], TODAY)
    assert sent
    assert sent["unscannable_total"] == sent["failed_total"] == 1000
    texts = daily_digest.notification(sent).texts.values()
    assert max(len(text.encode()) for text in texts) < 256 * 1024


def evil_workloads(cluster: str = "c") -> set[str]:
    return {f"6#us-east-1#{cluster * 250}#{n:02}{'s' * 250}" for n in range(20)}


@pytest.mark.attack(6)
def test_no_account_crowds_the_images_of_others_out() -> None:
    """Three images that sort first, each at 20 workloads with names as long as ECS takes."""
    crowd = {n: UnscannableImage(f"0.evil.example/{n}", "r", evil_workloads(n)) for n in "abc"}
    victim = UnscannableImage("docker.io/victim/app", "r", {"7#eu#prod#web"})
    for many in (crowd, {str(n): each for n in range(99) for each in crowd.values()}):
        sent = daily_digest.digest({**many, "v": victim}, {}, [], [], TODAY)
        assert sent
        assert "docker.io/victim/app" in [each["uri"] for each in sent["unscannable"]]
        assert "docker.io/victim/app: r" in json.loads(
            daily_digest.notification(sent).texts["chat"]
        )["content"]["description"].replace("\u200b", "")
        assert sent["unscannable_total"] == len(many) + 1
        missing = len(many) + 1 - len(sent["unscannable"])
        assert (f"and {missing} more images" in lines(sent)) is bool(missing)


@pytest.mark.attack(6)
def test_no_account_crowds_the_workloads_of_an_image_out() -> None:
    crowded = UnscannableImage("docker.io/victim/app", "r", {*evil_workloads(), "7#eu#prod#web"})
    sent = daily_digest.digest({"x": crowded}, {}, [], [], TODAY)
    assert sent
    assert "  7#eu#prod#web" in lines(sent)[:3]
    assert lines(sent)[-1] == "  and 18 more"
    (row,) = sent["unscannable"]
    assert (len(row["workloads"]), row["workloads_total"]) == (20, 21)


@pytest.mark.attack(6)
def test_no_list_crowds_another_out_of_the_chat() -> None:
    """A channel takes less than an e-mail: each list ends with what is left out of it."""
    many = {f"{n}": UnscannableImage(f"many-{n:03}", "r" * 90, {"6#eu#c#web"}) for n in range(99)}
    sent = daily_digest.digest(many, {"x": BROKEN}, LATE, [], TODAY)
    assert sent
    texts = daily_digest.notification(sent).texts
    shown = json.loads(texts["chat"])["content"]["description"]
    assert len(shown) < 7500
    found = shown.replace("\u200b", "").splitlines()
    (cut,) = [number for number, line in enumerate(found) if ": the e-mail has them" in line]
    assert found[cut + 1 :] == ["shop/broken:1: ERROR: ScanFailed: no space", "  1#eu#prod#c"]
    everything = texts["people"].splitlines()[2:]
    assert set(found) - {found[cut]} < set(everything)
    assert found[cut] == f"and {len(everything) - len(found) + 1} more lines: the e-mail has them"


def test_where_not_all_fit_three_workloads_of_each_image_are_listed() -> None:
    images = {n: UnscannableImage(f"image-{n}", "r", evil_workloads(n)) for n in "abcd"}
    sent = daily_digest.digest(images, {}, [], [], TODAY)
    assert sent
    listed = [(len(each["workloads"]), each["workloads_total"]) for each in sent["unscannable"]]
    assert listed == [(3, 20)] * 4
    assert lines(sent).count("  and 17 more") == 4


@pytest.mark.attack(6)
def test_no_account_crowds_the_overdue_findings_of_others_out() -> None:
    """30 rows that are due earlier, each with 20 findings."""
    first = LATE[0]
    crowd = [
        {**first, "uri": f"evil/{n}", "workload": each, "findings": first["findings"] * 5}
        for n in range(2)
        for each in sorted(evil_workloads(str(n)))[:15]
    ]
    sent = daily_digest.digest({}, {}, [*crowd, LATE[1]], [], TODAY)
    assert sent
    assert "shop/jobs:1" in [each["uri"] for each in sent["overdue"]]
    assert sent["overdue_total"] == sum(each["findings_total"] for each in crowd) + 1
    missing = sent["overdue_workloads"] - len(sent["overdue"])
    assert missing > 0
    assert lines(sent)[-1] == f"and {missing} more workloads with overdue findings"


def test_no_name_makes_a_line_of_its_own() -> None:
    odd = UnscannableImage(f"uri{LINE}", f"reason{LINE}", {f"workload{LINE}"})
    sent = daily_digest.digest(
        {"x": odd}, {}, [], parse_exceptions([exception("2026-02-02", owner=LINE)]), TODAY
    )
    assert sent
    lines = daily_digest.text(sent).split("\n")
    assert len(lines) == 6
    assert all(line.isprintable() for line in lines)


def test_it_comes_once_a_day_and_only_where_it_is_asked_for(
    state: StateTable, notices: Throttle, inbox: Inbox, clock: Clock
) -> None:
    def digest(unscannable: str) -> DailyDigest:
        policy = NotificationPolicy.read({**NOTIFY, "unscannable": unscannable})
        return DailyDigest(
            inbox.topics(),
            notices,
            ExceptionStore(state),
            RegisteredFailures(state, clock),
            policy,
            clock,
        )

    images = {"docker.io/nginx:1": NGINX}
    assert not digest("off").notify(images, {}, [])
    assert digest("daily").notify(images, {}, [])
    assert not digest("daily").notify(images, {}, [])
    clock.now += 86_400
    assert digest("daily").notify(images, {}, [])
    clock.now += 86_400
    ends = [exception("2026-02-05")]
    state.put({"key": KEY, "exceptions": json.dumps(ends)})
    assert digest("each").notify(images, {}, []), "an exception ends"
    assert [subject for subject, _ in inbox.messages()] == ["Scan: daily digest"] * 3


@pytest.mark.parametrize("hours", [(1, 22, 25), (23, 25, 47)], ids=["by hand", "over midnight"])
def test_no_day_is_without_one(
    state: StateTable, notices: Throttle, inbox: Inbox, clock: Clock, hours: tuple[int, ...]
) -> None:
    """A run by hand, or one that the Scheduler starts late, keeps no later day from its own."""
    registered = RegisteredFailures(state, clock)
    policy = NotificationPolicy.read({**NOTIFY, "unscannable": "daily"})
    digest = DailyDigest(inbox.topics(), notices, ExceptionStore(state), registered, policy, clock)
    midnight = clock.now - clock.now % 86_400
    for hour in hours:
        clock.now = midnight + hour * 3600
        digest.notify({"docker.io/nginx:1": NGINX}, {}, [])
    assert len(inbox.messages()) == 3


@pytest.mark.parametrize(
    ("reason", "changes", "sent"),
    [
        ("ScanFailed: no space", {}, True),
        ("ScanFailed: no space", {"error": False}, False),
        ("QualysUnauthorized: HTTP 401", {"error": False}, True),
    ],
)
def test_what_ended_without_a_result_is_in_it_where_that_verdict_is_notified(
    state: StateTable,
    notices: Throttle,
    inbox: Inbox,
    clock: Clock,
    reason: str,
    changes: dict[str, Any],
    sent: bool,
) -> None:
    policy = NotificationPolicy.read({**NOTIFY, **changes})
    digest = DailyDigest(
        inbox.topics(),
        notices,
        ExceptionStore(state),
        RegisteredFailures(state, clock),
        policy,
        clock,
    )
    failed = UnscannableImage("shop/broken:1", reason, {"1#eu#prod#c"}, "ERROR")
    assert digest.notify({}, {"x": failed}, []) is sent


def test_failures_of_what_is_only_registered_are_in_it_once(
    state: StateTable, notices: Throttle, inbox: Inbox, clock: Clock
) -> None:
    registered = RegisteredFailures(state, clock)
    policy = NotificationPolicy.read({**NOTIFY, "unscannable": "daily"})
    registered.add("x", "shop/early:1", "ERROR: ScanFailed: no space", ["1#eu##shop"])
    policy = NotificationPolicy.read({**NOTIFY, "unscannable": "daily"})
    stored = ExceptionStore(state)
    digest = DailyDigest(inbox.topics(), notices, stored, registered, policy, clock)
    assert digest.notify({}, {}, [])
    (subject, text) = inbox.messages("people")[0]
    assert subject == "Scan: daily digest"
    assert text.splitlines() == [
        "Image scan: 1 registered image ended without a result",
        "",
        "shop/early:1: ERROR: ScanFailed: no space",
        "  1#eu##shop",
    ]
    clock.now += 86_400
    assert not digest.notify({}, {}, [])
