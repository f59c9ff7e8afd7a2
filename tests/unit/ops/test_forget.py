"""`make forget` names what it closes, asks for a confirmation, and closes nothing that answers."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from image_scan.aws.dynamodb import marshal
from ops import backfill
from ops.__main__ import main
from ops.hints import make
from ops.installation import Installation
from tests.support import tables
from tests.support.builders import ACCOUNT, NOW, REGION
from tests.support.json_pages import require_documented
from tests.support.stored_items import COURSE, ROW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Json = dict[str, Any]
LEFT = "444455556666"
HERE, THERE = f"{LEFT}#eu-west-1", f"{LEFT}#us-west-2"
DENIED = "sts:AssumeRole: AccessDenied"


class World:
    def __init__(self, dynamodb: DynamoDBClient, patch: pytest.MonkeyPatch) -> None:
        self._dynamodb = dynamodb
        self.asked: list[list[str]] = []
        self.answer: Json = {"forgotten": []}
        installation = SimpleNamespace(
            inventory_table=tables.INVENTORY,
            state_table=tables.STATE,
            cache_table=tables.CACHE,
            client=lambda _: dynamodb,
            name_prefix="unit",
            account_id=ACCOUNT,
            region=REGION,
            make=lambda target, **settings: make(target, "unit", **settings),
        )
        patch.setattr(Installation, "of", lambda _: installation)
        patch.setattr(backfill, "reconcile", self._reconcile)

    def _reconcile(self, _: Any, forget: list[str]) -> Json:
        self.asked.append(forget)
        return self.answer

    def row(self, service: str, location: str = HERE, **more: Any) -> None:
        account, region = location.split("#")
        made = {"account": account, "region": region, "account_region": location}
        made |= {"workload": f"{location}#prod#{service}", "service": service}
        item = {**ROW, "uri": f"{service}:1", **made, **more}
        self._dynamodb.put_item(TableName=tables.INVENTORY, Item=marshal(item))

    def reconciled(self, day: int, *unreadable: str) -> None:
        at = f"2026-02-0{day}T02:00:00+00:00"
        course = {**COURSE, "key": f"coverage#{at}", "at": at, "ttl": 2**33}
        course["unreadable"] = dict.fromkeys(unreadable, DENIED)
        self._dynamodb.put_item(TableName=tables.STATE, Item=marshal(course))


@pytest.fixture
def world(dynamodb: DynamoDBClient, environment: pytest.MonkeyPatch) -> World:
    world = World(dynamodb, environment)
    world.row("web")
    world.row("jobs", state="deployed")
    world.row("gone", state="stopped", stopped_at=NOW)
    world.row("ours", f"{ACCOUNT}#{REGION}")
    for day, unreadable in ((1, [HERE]), (2, []), (3, [HERE]), (4, [HERE])):
        world.reconciled(day, *unreadable)
    return world


def test_without_a_confirmation_it_shows_what_it_would_close(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["forget", "--account", LEFT]) == 0
    assert capsys.readouterr().out == (
        f"{HERE} cannot be read since 2026-02-03T02:00:00+00:00: {DENIED}\n"
        f"  {HERE}#prod#jobs: jobs:1, deployed\n"
        f"  {HERE}#prod#web: web:1, running\n"
        "Nothing is changed. If these run no more, because the account has left for good, "
        f"`make forget NAME_PREFIX=unit ACCOUNT={LEFT} CONFIRM=1` closes them.\n"
    )
    assert world.asked == []


@pytest.mark.parametrize(("forgotten", "status"), [([HERE], 0), ([], 1)])
def test_with_a_confirmation_the_function_decides(
    world: World, capsys: pytest.CaptureFixture[str], forgotten: list[str], status: int
) -> None:
    world.answer = {"forgotten": forgotten}
    assert main(["forget", "--account", LEFT, "--confirm"]) == status
    ends = "forgotten" if forgotten else "not forgotten, for it answers now"
    assert capsys.readouterr().out.endswith(f"\n{HERE}: {ends}\n")
    assert world.asked == [[HERE]]
    assert main(["forget", "--account", LEFT, "--confirm", "--json"]) == status
    found = json.loads(capsys.readouterr().out)
    require_documented("forget", found)
    (location,) = found["locations"]
    assert (location["location"], location["forgotten"]) == (HERE, bool(forgotten))


def test_an_installation_that_cannot_forget_says_so(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.answer = {}
    assert main(["forget", "--account", LEFT, "--confirm"]) == 3
    assert "is older than this command" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("account", "status", "words"),
    [
        ("", 2, "ACCOUNT= is no account"),
        (ACCOUNT, 2, f"ACCOUNT={ACCOUNT} is the one of the installation: it stays."),
        ("999988887777", 3, "Nothing is known to have run in 999988887777"),
    ],
)
def test_what_is_no_account_that_has_left_is_refused(
    world: World, capsys: pytest.CaptureFixture[str], account: str, status: int, words: str
) -> None:
    assert main(["forget", "--account", account, "--confirm"]) == status
    assert capsys.readouterr().err.startswith(words)
    assert world.asked == []


def test_a_region_that_answers_is_refused_and_the_other_one_can_be_named(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.row("far", THERE)
    assert main(["forget", "--account", LEFT, "--confirm"]) == 2
    assert capsys.readouterr().err.startswith(f"{THERE} is none that cannot be read (last recon")
    assert world.asked == []
    world.answer = {"forgotten": [HERE]}
    settings = ["--account", LEFT, "--only-region", "eu-west-1", "--confirm"]
    assert main(["forget", *settings]) == 0
    assert world.asked == [[HERE]]


def test_what_is_forgotten_is_not_forgotten_twice(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    for service in ("web", "jobs", "gone"):
        world.row(service, state="stopped", stopped_at=NOW, forgotten=NOW)
    assert main(["forget", "--account", LEFT]) == 3
    assert "or it is forgotten already" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["in-use", "coverage"])
def test_whoever_meets_an_account_that_cannot_be_read_is_shown_the_way_out(
    world: World, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    def said(*unreadable: str) -> str:
        world.reconciled(9, *unreadable)
        assert main([command]) in (0, 1)
        shown = capsys.readouterr()
        return shown.err if command == "in-use" else shown.out

    advice = "If the account has left for good: `make forget NAME_PREFIX=unit ACCOUNT="
    assert f"{advice}{LEFT}`." in said(HERE, THERE)
    assert f"{advice}<account>`." in said(HERE, "111122223333#eu-west-1")
    assert "forget" not in said(f"{ACCOUNT}#{REGION}")
    assert "forget" not in said()
