"""`make demo-org`: which account and region ran what, and who scanned it."""

import re

from tests.support.checkout import Checkout

from .conftest import table_rows

# By image and the account that owns it: scans, verdict and who is notified.
ROWS = {
    ("portal:1.0", "hub us-east-1"): ("1", "CLEAN", {"-"}),
    ("portal-eu:1.0", "hub eu-west-1"): ("1", "CLEAN", {"-"}),
    ("cart:1.0", "shop us-east-1"): ("1", "CLEAN", {"-"}),
    ("cart:1.0", "shop eu-west-1"): ("1", "CLEAN", {"-"}),
    ("runtime:1.0", "images us-east-1"): (
        *("1", "FINDINGS"),
        {"hub us-east-1", "tools us-east-1", "shop eu-west-1"},
    ),
    ("rogue:1.0", "foreign us-east-1"): ("0", "NONE", {"-"}),
}


def test_everything_is_as_expected_and_gone_in_the_end(checkout: Checkout) -> None:
    printed = checkout.make("demo-org")
    assert re.search(r"^Everything is as expected, after \d+ s\.$", printed, re.MULTILINE)
    refused = "CreateService, ECS Task State Change, RegisterTaskDefinition"
    assert f"The hub refused the foreign account's events: {refused}." in printed
    rows = table_rows(printed, "image")
    seen = {(row[0], row[1]): (row[4], row[5], set(row[6].split("\n"))) for row in rows}
    assert seen == ROWS
    assert list(checkout.temporary.iterdir()) == []
