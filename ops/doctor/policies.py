"""Policy documents of roles, buses and queues, read for the few questions that the checks ask.

No evaluator: Allow statements alone, and of their conditions those that Terraform writes here.
A condition that is not known is taken as met; what it then refuses, the queues show.
"""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

Statement = Mapping[str, Any]


def parsed(document: Any) -> Any:
    """A document as the API gives it: text of JSON, or parsed already; None when there is none."""
    return json.loads(document) if isinstance(document, str) and document else document or None


def allows_service(document: Any, service: str, action: str, facts: Mapping[str, str]) -> bool:
    """Whether an AWS service may; `facts` are condition keys in lower case, as aws:sourcearn."""
    return any(
        fnmatchcase(service, name) and _met(statement, facts)
        for statement in _allowing(document, action)
        for name in _principals(statement, "Service")
    )


def allows_account(
    document: Any, account_id: str, action: str, facts: Mapping[str, str] | None = None
) -> bool:
    """Whether a principal of the account may, as far as the document has a say in it."""
    return any(
        _met(statement, facts or {})
        for statement in _allowing(document, action)
        if any(_of_account(name, account_id) for name in _principals(statement, "AWS"))
    )


def principals(document: Any, action: str) -> set[str]:
    """All AWS principals that are let in."""
    return {
        name for statement in _allowing(document, action) for name in _principals(statement, "AWS")
    }


def conditions(document: Any, action: str, key: str) -> set[str]:
    """The values of a condition key (lower case) in all statements that let somebody do it."""
    return {
        value
        for statement in _allowing(document, action)
        for name, values in _conditions(statement)
        if name == key
        for value in values
    }


def _of_account(principal: str, account_id: str) -> bool:
    return principal in ("*", account_id) or principal.split(":")[4:5] == [account_id]


def _allowing(document: Any, action: str) -> Iterator[Statement]:
    document = parsed(document)
    found = document.get("Statement", []) if isinstance(document, Mapping) else []
    for statement in [found] if isinstance(found, Mapping) else found:
        names = [name.lower() for name in _listed(statement.get("Action"))]
        if statement.get("Effect") == "Allow" and any(
            fnmatchcase(action.lower(), name) for name in names
        ):
            yield statement


def _principals(statement: Statement, kind: str) -> list[str]:
    given = statement.get("Principal")
    return _listed(given.get(kind)) if isinstance(given, Mapping) else _listed(given)


def _met(statement: Statement, facts: Mapping[str, str]) -> bool:
    return all(
        key not in facts or any(fnmatchcase(facts[key], value) for value in values)
        for key, values in _conditions(statement)
    )


def _conditions(statement: Statement) -> Iterator[tuple[str, list[str]]]:
    for tests in statement.get("Condition", {}).values():
        for key, values in tests.items():
            yield key.lower(), _listed(values)


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]
