"""Whole items of each table, as they are shown to an operator."""

from __future__ import annotations

from typing import Any

from tests.support.builders import ACCOUNT, DIGEST, NOW, REGION, WEEK

Json = dict[str, Any]
WORKLOAD = f"{ACCOUNT}#{REGION}#prod#web"
ENTRY: Json = {
    "imageDigest": DIGEST,
    "uri": "u",
    "account_id": ACCOUNT,
    "region": REGION,
    "repository": "shop/app",
    "tag": "1",
    "digest": DIGEST,
    "status": "FINDINGS",
    "owner": "o",
    "acquired_at": NOW * 1000,
    "since": NOW * 1000,
    "ttl": 2**33,
    "requests": {},
    "counts": {"critical": 1, "high": 0, "medium": 0, "low": 0},
    "top": [],
}
ROW: Json = {
    "digest": DIGEST,
    "workload": WORKLOAD,
    "account_region": f"{ACCOUNT}#{REGION}",
    "account": ACCOUNT,
    "region": REGION,
    "cluster": "prod",
    "service": "web",
    "task_definition": "web:1",
    "containers": ["app"],
    "event_name": "RunTask",
    "uri": "u",
    "repository": "shop/app",
    "tag": "1",
    "state": "running",
    "first_seen": NOW,
    "last_seen": NOW,
    "event_id": "e",
    "team": "payments",
    "notified_at": NOW,
}
COURSE: Json = {
    "key": "coverage#2026-02-02T02:40:00+00:00",
    "at": "2026-02-02T02:40:00+00:00",
    "running_images": 1,
    "fresh_verdicts": 1,
    "unscannable": 0,
    "coverage_percent": 100,
    "sent": 0,
    "closed": 0,
    "silent": [],
    "unreadable": {},
    "ttl": NOW + WEEK,
}
