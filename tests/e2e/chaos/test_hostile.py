"""A small `make hostile`: nine deployments of three teams, alone and beside an attacker."""

from sandbox.hostile.run import run


def test_an_attacker_takes_nothing_from_the_others() -> None:
    result = run(seed=1, deployments=9)
    assert len(result.attacked.attacks) == 9, "attacks of every kind"
    assert result.wrong == [], result.alone.evidence + result.attacked.evidence
    assert result.alone.notified == result.attacked.notified > 5
