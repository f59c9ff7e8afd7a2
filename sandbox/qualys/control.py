"""A client for the simulator's control API: sets the scene and reads what happened."""

from collections.abc import Iterable, Mapping
from typing import Any

import requests

_SECONDS = 30


class ControlRefused(Exception):
    """The simulator does not know a name, or a value does not fit it."""


class SimulatorControl:
    def __init__(self, url: str) -> None:
        self._url = f"{url}/_control"

    def scenario(self, **values: Any) -> dict[str, Any]:
        """Sets switches of the scenario (see `Scenario`) and returns them all."""
        return dict(self._call("POST", "/scenario", values))

    def behave(self, key: str = "*", **values: Any) -> None:
        """How scans go (see `Behaviour`) of `repository:tag`, `repository` or `*`.

        No values: as the scenario says, again.
        """
        self._call("POST", "/behaviours", {"key": key, "values": values})

    def tell_findings(self, key: str, findings: Iterable[Mapping[str, Any]]) -> None:
        """What scans find from now on, by config digest, `repository:tag` or `repository`.

        Each finding has `qid`, `title` and `severity`; what else is given replaces a default.
        """
        self._call("POST", "/findings", {"key": key, "findings": list(findings)})

    def know_image(self, sha: str, **values: Any) -> None:
        """Makes an image known, or another than it was.

        `repo` and `repo_digests` are lists of places; `scanned_seconds_ago` says it was scanned,
        and `findings` what that found. Without both, its first scan has not ended.
        """
        self._call("POST", "/images", {"sha": sha, **values})

    def fail(self, path: str = ".*", **values: Any) -> int:
        """Adds a fault (see `Fault`); its number, for `mend`."""
        return int(self._call("POST", "/faults", {"path": path, **values})["id"])

    def throttle(self, path: str = "/csapi/.*", *, times: int = 1, window: int = 1) -> int:
        """Answers 429 as over the rate limit: three headers, and no Retry-After among them."""
        headers = {
            "X-RateLimit-Limit": "1000",
            "X-RateLimit-Window-Sec": str(window),
            "X-RateLimit-Remaining": "0",
        }
        return self.fail(path, status=429, headers=headers, times=times)

    def mend(self, number: int | None = None) -> None:
        """Takes one fault away, or all."""
        self._call("DELETE", "/faults" if number is None else f"/faults?id={number}")

    def faults(self) -> dict[str, Any]:
        """Each fault by number, with how many calls it matched and spoiled."""
        return dict(self._call("GET", "/faults"))

    def calls(self) -> list[dict[str, Any]]:
        return list(self._call("GET", "/calls")["log"])

    def counts(self) -> dict[str, int]:
        """How many calls came in, by method and route: "GET /csapi/v1.3/images/{sha}"."""
        return dict(self._call("GET", "/calls")["counts"])

    def count(self, method: str, route: str) -> int:
        return self.counts().get(f"{method} {route}", 0)

    def forget_calls(self) -> None:
        self._call("DELETE", "/calls")

    def state(self) -> dict[str, Any]:
        """Registries, connectors, schedules and images as they are now."""
        return dict(self._call("GET", "/state"))

    def expire_tokens(self) -> None:
        """Every JWT that was minted so far is expired."""
        self._call("POST", "/tokens/expire")

    def revoke_token(self, token: str) -> None:
        self._call("POST", "/tokens/revoke", {"token": token})

    def advance(self, seconds: float) -> None:
        """Moves the clock, and waits until the sensor has done all that became due."""
        self._call("POST", "/clock", {"advance": seconds})

    def reset(self) -> None:
        """Forgets everything but credentials, minted tokens and the time."""
        self._call("POST", "/reset")

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, self._url + path, json=body, timeout=_SECONDS)
        if answer.status_code == 400:
            raise ControlRefused(answer.text)
        answer.raise_for_status()
        return answer.json() if answer.content else None
