"""Reads policy documents of roles, buses and queues, as far as the checks need it.

It evaluates only Allow statements, and only the conditions that Terraform writes here. An unknown
condition counts as met. If it refuses events, these are in the queues.
"""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

Statement = Mapping[str, Any]


def parsed(document: Any) -> Any:
    """Parses a document of an API, which may be JSON text or already parsed; None if absent."""
    return json.loads(document) if isinstance(document, str) and document else document or None


def allows_service(document: Any, service: str, action: str, facts: Mapping[str, str]) -> bool:
    """Checks whether an AWS service may do an action. `facts` are values by condition key in lower
    case, such as aws:sourcearn."""
    return any(
        fnmatchcase(service, name) and _met(statement, facts)
        for statement in _allowing(document, action)
        for name in _principals(statement, "Service")
    )


def allows_account(
    document: Any, account_id: str, action: str, facts: Mapping[str, str] | None = None
) -> bool:
    """Checks whether the document allows an action to a principal of the account."""
    return any(
        _met(statement, facts or {})
        for statement in _allowing(document, action)
        if any(_of_account(name, account_id) for name in _principals(statement, "AWS"))
    )


def principals(document: Any, action: str) -> set[str]:
    """Returns all AWS principals that may do the action."""
    return {
        name for statement in _allowing(document, action) for name in _principals(statement, "AWS")
    }


def conditions(document: Any, action: str, key: str) -> set[str]:
    """Returns the values of a condition key (lower case) in all statements that allow it."""
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
