"""Which findings an exception accepts, in a repository and on a day. Pure."""

from __future__ import annotations

import fnmatch
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from image_scan.findings.encoding import Finding


@dataclass(frozen=True)
class FindingException:
    """Nobody is notified of this finding in repositories that match, until the end of the day
    `until`. Exactly one of `qid` (0 for none) and `cve` is set. An empty `account_id` matches
    repositories of every account."""

    qid: int
    cve: str
    account_id: str
    repository: str
    until: date
    reason: str
    owner: str

    def matches(self, account_id: str, repository: str) -> bool:
        """`account_id` is the account of the repository."""
        is_of_account = self.account_id in ("", account_id)
        return is_of_account and fnmatch.fnmatchcase(repository, self.repository)


class Accepting:
    """The exceptions of a day. What accounts have is compared with those that name it alone, and
    once: findings, exceptions and workloads may be thousands each."""

    def __init__(self, exceptions: Iterable[FindingException], today: date) -> None:
        self._named = defaultdict[int | str, list[FindingException]](list)
        for each in exceptions:
            if today <= each.until:
                self._named[each.qid or each.cve].append(each)

    def left(self, found: Iterable[Finding], account_id: str, repository: str) -> list[Finding]:
        """Returns the findings that no exception accepts in a repository of an account."""
        known = list(found)
        names: set[int | str] = {each.qid for each in known}
        names.update(cve for each in known for cve in each.cves)
        accepted = {
            name
            for name in names & self._named.keys()
            if any(each.matches(account_id, repository) for each in self._named[name])
        }
        return [
            each for each in known if each.qid not in accepted and accepted.isdisjoint(each.cves)
        ]


def parse_exceptions(inputs: Iterable[Mapping[str, Any]]) -> list[FindingException]:
    """Reads exceptions. Raises KeyError, TypeError, ValueError or AttributeError if one is
    invalid."""
    return [
        FindingException(
            qid=int(each.get("qid") or 0),
            cve=str(each.get("cve") or ""),
            account_id=str(each.get("account_id") or ""),
            repository=str(each["repository"]),
            until=date.fromisoformat(each["until"]),
            reason=str(each["reason"]),
            owner=str(each["owner"]),
        )
        for each in inputs
    ]
