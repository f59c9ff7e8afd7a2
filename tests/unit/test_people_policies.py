"""The documents of docs/permissions are made from the lists of the pages."""

import json

import pytest

from tests.support import people_policies

# A managed policy holds no more, without blanks.
LONGEST = 6144
DOCUMENTS = people_policies.documents()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_what_the_lists_say(name: str) -> None:
    """Otherwise: `python -m tests.support.people_policies`."""
    stored = (people_policies.FOLDER / name).read_text()
    assert stored == people_policies.text(DOCUMENTS[name])
    assert len(json.dumps(json.loads(stored), separators=(",", ":"))) <= LONGEST


@pytest.mark.parametrize("name", DOCUMENTS)
def test_only_what_has_no_name_is_allowed_everywhere(name: str) -> None:
    statements = DOCUMENTS[name]["Statement"]
    everywhere = [each["Action"] for each in statements if each["Resource"] == "*"]
    assert len(everywhere) == 1
    assert {*everywhere[0]} <= people_policies.UNNAMED
    assert not [action for each in statements for action in each["Action"] if "*" in action]


def test_there_is_no_other_document() -> None:
    assert {file.name for file in people_policies.FOLDER.iterdir()} == {*DOCUMENTS}
    for name in DOCUMENTS:
        assert f"(permissions/{name})" in people_policies.page()
