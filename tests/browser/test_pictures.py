"""The picture of the report in the README. `UPDATE_PICTURES=1 pytest tests/browser` draws it again:
look at it."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser

from ops.report.contents import Reconciled, Report
from tests.browser.test_report_page import finding, image, opened, workload, written
from tests.support.builders import NOW

PICTURE = Path(__file__).parents[2] / "docs/report.png"
PROD, BATCH = "111122223333/us-east-1/prod", "444455556666/eu-west-1/batch"
WIDTH, HEIGHT = 1100, 1500


def example() -> Report:
    """Some weeks of a small shop."""
    begin = datetime.fromtimestamp(NOW, UTC) - timedelta(days=28)
    upgrade = finding("OpenSSL buffer overflow")
    leak = finding("Memory leak in the XML parser", "high") | {
        "names": ["CVE-2026-0007"],
        "packages": ["expat 2.4.1"],
        "fix": "fixed in expat 2.4.5",
        "exploit": "",
    }
    payments = {
        PROD: [workload("payments", team="payments")],
        BATCH: [workload("invoices:12", team="payments")],
    }
    return Report(
        images=[
            image(
                *("shop/payments:1.4.2", "FINDINGS", 1, 2, 12, 3),
                findings=[upgrade, leak],
                more=16,
                detected=["Examined: vulnerabilities, malware, secrets"],
                links={"image": "https://console.aws.amazon.com/", "qualys": "https://q/"},
                running=payments,
                teams=["payments"],
                notified_since="2026-02-01T00:00:00+00:00",
            ),
            image("library/redis:7", "UNSCANNABLE", reason="not in a private Amazon ECR registry"),
            image("shop/cart:3.0.1", "CLEAN", 0, 0, 0, 0, running={PROD: [workload("cart")]}),
            image("shop/web:2.8.0", "CLEAN", 0, 0, 0, 0, running={PROD: [workload("web")]}),
            image("shop/report:1", "CLEAN", 0, 0, 0, 0, running={BATCH: [workload("report:4")]}),
        ],
        course=[
            Reconciled(
                begin + timedelta(days=day), 5, min(4, 1 + day // 4), 1, min(100, 25 + 5 * day)
            )
            for day in range(28)
        ],
    )


def test_the_picture_in_the_readme_can_be_drawn_again(browser: Browser, tmp_path: Path) -> None:
    for seen in opened(browser, "light", WIDTH, written(example(), tmp_path)):
        seen.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        seen.page.locator("summary").first.click()
        drawn = seen.page.screenshot(clip={"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT})
        if os.environ.get("UPDATE_PICTURES"):
            PICTURE.write_bytes(drawn)
    stored = PICTURE.read_bytes()
    size = (int.from_bytes(stored[16:20]), int.from_bytes(stored[20:24]))
    assert (stored[:4], size) == (b"\x89PNG", (WIDTH, HEIGHT))
