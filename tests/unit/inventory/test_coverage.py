"""What a reconciliation answers has room in an answer of Lambda, whatever runs."""

from __future__ import annotations

import json

import pytest

from image_scan.inventory.coverage import Found

LARGEST = 6_291_556  # bytes of an answer
OWN = "123456789012#us-east-1#prod#web"


def found(images: int, workloads: int) -> Found:
    """An account asks for many scans under long names, and then another for one."""
    made = Found()
    for number in range(images):
        names = [
            f"111122223333#us-east-1#{'c' * 255}#{'n' * 250}{each}" for each in range(workloads)
        ]
        key, image = f"sha256:{number:064x}", f"{'r' * 900}{number}"
        made.scans[key] = {"key": key, "image": image, "why": "w" * 5000, "workloads": names}
    made.scans["own"] = {"key": "own", "image": "shop/app:1", "why": "", "workloads": [OWN]}
    return made


@pytest.mark.attack(15)
@pytest.mark.parametrize(("images", "workloads"), [(6000, 10), (10, 3000)])
def test_very_many_scans_are_counted_and_some_are_named(images: int, workloads: int) -> None:
    answer = found(images, workloads).answer()
    assert len(json.dumps(answer)) < LARGEST
    assert answer["scans_total"] == images + 1
    assert {each["workloads_total"] for each in answer["scans"]} == {1, workloads}
    assert [each["key"] for each in answer["scans"]][1] == "own"


def test_few_are_named_all() -> None:
    answer = found(0, 0).answer()
    (scan,) = answer["scans"]
    assert (answer["scans_total"], scan["workloads_total"]) == (1, 1)
    assert scan["workloads"] == [OWN]


@pytest.mark.attack(5)
def test_of_the_workloads_of_an_image_each_account_is_named() -> None:
    made = found(1, 99)
    (scan, _) = made.scans.values()
    scan["workloads"].append(OWN)
    assert OWN in made.answer()["scans"][0]["workloads"]
