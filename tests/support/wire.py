"""What the functions say to AWS and to Qualys, as it goes by."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import requests
from botocore.client import BaseClient

from tests.support import table_access

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    import responses

CSAPI = "/csapi/v1.3"
Json = dict[str, Any]


@dataclass
class AwsCalls:
    """Counts AWS calls by operation, one at a time: moto's tables know no atomic write.

    `function` names the function that is calling, whose calls of DynamoDB are checked by its
    policy; empty for anybody else.
    """

    function: Callable[[], str]
    counts: Counter[str] = field(default_factory=Counter)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        call = vars(BaseClient)["_make_api_call"]

        def counted(client: Any, operation: str, arguments: Json) -> Any:
            if client.meta.service_model.service_name == "dynamodb" and self.function():
                table_access.check(self.function(), operation, arguments)
            with self._lock:
                self.counts[operation] += 1
                return call(client, operation, arguments)

        patch.setattr(BaseClient, "_make_api_call", counted)


def parameters(call: responses.Call) -> dict[str, list[str]]:
    """The query of a request: each name with all its values."""
    return parse_qs(urlsplit(call.request.url or "").query)


@dataclass
class Wire:
    """What lies between the functions and Qualys: keeps what is sent, and may change an answer.

    `rewrites` maps the pattern of a whole path below /csapi/v1.3 to what becomes of the JSON of its
    GET answers.
    """

    rewrites: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    sent: list[tuple[str, str, Json]] = field(default_factory=list)

    def tap(self, patch: pytest.MonkeyPatch) -> None:
        request = requests.Session.request

        def tapped(session: Any, method: str, url: str, **values: Any) -> requests.Response:
            answer = request(session, method, url, **values)
            path = url.partition(CSAPI)[2]
            if path:
                self.sent.append((method, path, values.get("json") or {}))
                self._rewrite(method, path, answer)
            return answer

        patch.setattr(requests.Session, "request", tapped)
        # Nothing lies between but this; to look for proxies costs more than the request.
        patch.setattr(requests.sessions, "get_environ_proxies", lambda *_, **__: {})

    def bodies(self, method: str, pattern: str) -> list[Json]:
        """The JSON that was sent to the paths of the pattern, in order."""
        return [
            body for how, path, body in self.sent if how == method and re.fullmatch(pattern, path)
        ]

    def _rewrite(self, method: str, path: str, answer: requests.Response) -> None:
        if method == "GET" and answer.ok and answer.content:
            for pattern, change in self.rewrites.items():
                if re.fullmatch(pattern, path):
                    answer._content = json.dumps(change(answer.json())).encode()
