"""A small `make hostile`: twelve deployments of three teams, alone and beside an attacker."""

from sandbox.hostile.run import run


def test_an_attacker_takes_nothing_from_the_others() -> None:
    result = run(seed=1, deployments=12)
    assert len(result.attacked.attacks) == 8, "attacks of every kind"
    assert result.wrong == [], result.alone.evidence + result.attacked.evidence
    assert result.alone.notified == result.attacked.notified > 5
