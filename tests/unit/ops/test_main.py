"""python -m ops: its commands."""

import pytest

from ops.__main__ import COMMANDS, main


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_shows_its_options(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"python -m ops {command}" in capsys.readouterr().out


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["scam"])
    assert ended.value.code == 2
    assert "invalid choice: 'scam'" in capsys.readouterr().err
