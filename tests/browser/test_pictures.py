"""The pictures in the documentation: the report, and an e-mail.

`UPDATE_PICTURES=1 pytest tests/browser` draws them again: look at them.
"""

import hashlib
import html
import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page

from ops.report.ages import Remedied
from ops.report.contents import Reconciled, Report
from tests.browser.test_report_page import finding, image, opened, workload, written
from tests.support.builders import NOW

_ROOT = Path(__file__).parents[2]
DOCS, MAIL = _ROOT / "docs", _ROOT / "tests/unit/notifications/golden/findings"
PROD, BATCH = "111122223333/us-east-1/prod", "444455556666/eu-west-1/batch"
WIDTH, HEIGHT, MAIL_HEIGHT = 1100, 1500, 890


def example() -> Report:
    """Some weeks of a small shop."""
    begin = datetime.fromtimestamp(NOW, UTC) - timedelta(days=28)
    upgrade = finding("OpenSSL buffer overflow", due="2026-01-27")
    leak = finding("Memory leak in the XML parser", "high") | {
        "names": ["CVE-2026-0007"],
        "packages": ["expat 2.4.1"],
        "fix": "fixed in expat 2.4.5",
        "exploit": "",
    }
    payments = {
        PROD: [workload("payments", team="payments", overdue=1)],
        BATCH: [workload("invoices:12", team="payments")],
    }
    return Report(
        remedied=[
            Remedied("jobs", 1, "critical", "2026-01-20", "2026-01-24", 4),
            Remedied("jobs", 2, "high", "2026-01-12", "2026-01-24", 12),
        ],
        images=[
            image(
                *("shop/payments:1.4.2", "FINDINGS", 1, 2, 12, 3),
                findings=[upgrade, leak],
                more=16,
                overdue=1,
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
        require(DOCS / "report.png", seen.page, HEIGHT)


def test_the_picture_of_the_e_mail_can_be_drawn_again(browser: Browser) -> None:
    """As the notification is now: the golden files have its text and its subject."""
    page = browser.new_page(viewport={"width": WIDTH, "height": MAIL_HEIGHT})
    page.set_content(mail((MAIL / "email.txt").read_text(encoding="utf-8"), subject()))
    assert page.locator("h1").inner_text() == subject()
    assert page.locator("a").count() == 3
    require(DOCS / "email.png", page, MAIL_HEIGHT)
    page.close()


def subject() -> str:
    return str(json.loads((MAIL / "envelope.json").read_text(encoding="utf-8"))["subject"])


def mail(text: str, subject: str) -> str:
    """A plain text as mail programs show it: wrapped, in a font of the system, with links."""
    # Digests of one letter, as the tests have them, are no example of a digest.
    for letter in "cd":
        text = text.replace(letter * 64, hashlib.sha256(letter.encode()).hexdigest())
    linked = re.sub(r"(https://\S+)", r'<a href="\1">\1</a>', html.escape(text))
    return f"""<!doctype html><style>
        body {{ margin: 0; padding: 24px 32px; font: 14px/1.5 Arial, sans-serif; color: #202124; }}
        h1 {{ font-size: 22px; font-weight: 400; margin: 0 0 16px; }}
        p {{ margin: 0; color: #5f6368; }} b {{ color: #202124; }} a {{ color: #1155cc; }}
        div {{ margin-top: 20px; white-space: pre-wrap; overflow-wrap: anywhere; }}
        </style><h1>{html.escape(subject)}</h1>
        <p><b>AWS Notifications</b> &lt;no-reply@sns.amazonaws.com&gt;</p>
        <p>to security@example.com</p><div>{linked}</div>"""


def require(picture: Path, page: Page, height: int) -> None:
    """A stored picture is as large as the page; with UPDATE_PICTURES it is drawn again."""
    if os.environ.get("UPDATE_PICTURES"):
        page.screenshot(path=picture, clip={"x": 0, "y": 0, "width": WIDTH, "height": height})
    stored = picture.read_bytes()
    size = (int.from_bytes(stored[16:20]), int.from_bytes(stored[20:24]))
    assert (stored[:4], size) == (b"\x89PNG", (WIDTH, height))
