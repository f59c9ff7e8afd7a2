"""How items are read: as plain values, and many of them in little memory."""

from __future__ import annotations

from image_scan.aws.dynamodb import marshal, unmarshal, unmarshal_all


def test_the_names_of_attributes_are_in_memory_once() -> None:
    items = [{f"first {'seen'}": number, "containers": ["app"]} for number in range(3)]
    read = unmarshal_all([marshal(each) for each in items])
    assert read == items
    assert len({id(name) for each in read for name in each}) == 2


def test_numbers_are_whole() -> None:
    assert type(unmarshal(marshal({"at": 1}))["at"]) is int
    assert unmarshal({}) == {}
