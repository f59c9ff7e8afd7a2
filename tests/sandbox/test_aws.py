"""The emulator's process: alone, on loopback, and gone without a trace."""

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from sandbox import emulator_process as module
from sandbox.aws import REPOSITORY, Aws, Principal, SandboxError
from tests.sandbox.account import Account, allow


def test_nothing_is_left_when_it_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with Aws() as aws:
        account = Account(aws, "111111111111")
        account.function("f", "import os\ndef handler(event, context):\n    return os.getpid()\n")
        answer = account.client("lambda").invoke(FunctionName="f")
        worker, emulator, home = int(answer["Payload"].read()), aws.pid, aws.home
        assert emulator
        assert Path(f"/proc/{worker}").exists()
        environment = Path(f"/proc/{emulator}/environ").read_bytes()
        assert b"AWS_PROFILE" not in environment
        assert b"PROXY" not in environment
    assert not home.exists()
    for pid in (worker, emulator):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_what_is_stored_is_there_again(tmp_path: Path) -> None:
    with Aws(state=tmp_path) as aws:
        sqs = Account(aws, "222222222222").client("sqs")
        sqs.create_queue(QueueName="stored")
        aws.keep()
        sqs.create_queue(QueueName="not-stored")
    with Aws(state=tmp_path) as again:
        found = Account(again, "222222222222").client("sqs").list_queues()["QueueUrls"]
    assert [url.rsplit("/", 1)[-1] for url in found] == ["stored"]


def test_what_cannot_be_stored_is_an_error(tmp_path: Path) -> None:
    with Aws(state=tmp_path) as aws:
        Account(aws, "222222222222").client("sqs").create_queue(QueueName="lost")
        (tmp_path / "sqs.json.tmp").mkdir()  # where ministack writes it first
        with pytest.raises(SandboxError, match="/_sandbox/stored"):
            aws.keep()


@pytest.mark.held("the sandbox")
def test_it_listens_on_loopback_alone(aws: Aws) -> None:
    listening = {
        line.split()[1].split(":")[0]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if int(line.split()[1].split(":")[1], 16) == aws.port and line.split()[3] == "0A"
    }
    assert listening == {format(int.from_bytes(socket.inet_aton("127.0.0.1"), "little"), "08X")}


def test_iam_is_enforced(account: Account) -> None:
    nobody = account.aws.create_user("nobody", allow("s3:*"), account.id)
    with pytest.raises(Exception, match="AccessDenied"):
        account.aws.client("sqs", principal=nobody).list_queues()


@pytest.mark.attack(11)
@pytest.mark.parametrize("service", ["sts", "s3", "dynamodb", "lambda", "iam"])
@pytest.mark.parametrize("key", ["222222222222", "test"])
def test_who_does_not_know_the_secret_of_a_root_is_refused(
    aws: Aws, service: str, key: str
) -> None:
    """Whoever may open a port of this machine; a function's code would run as our user."""
    ask = {
        "sts": "get_caller_identity",
        "s3": "list_buckets",
        "dynamodb": "list_tables",
        "lambda": "list_functions",
        "iam": "list_users",
    }
    wrong = Principal("222222222222", "arn:aws:iam::222222222222:root", key, "anything")
    client = aws.client(service, "222222222222", principal=wrong)
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        getattr(client, ask[service])()


def test_the_secret_of_a_root_is_another_one_in_each_run() -> None:
    show = [sys.executable, "-c", "from sandbox import root_key; print(root_key.SECRET)"]
    shown = {
        subprocess.run(show, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    }
    assert len(shown) == 2
    assert all(len(each.strip()) == 40 for each in shown)


def test_a_missing_emulator_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_PYTHON", "/nowhere/python")
    with pytest.raises(SandboxError, match="make setup"):
        Aws().start()


def test_an_emulator_that_dies_shows_its_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no such module\nexit 3\n")
    python.chmod(0o755)
    monkeypatch.setenv("SANDBOX_PYTHON", str(python))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(SandboxError, match="no such module"):
        Aws().start()
    assert list(tmp_path.iterdir()) == [python]


def test_a_port_that_another_one_took_is_left_to_it(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = module._free_port
    ports = iter([aws.port])
    monkeypatch.setattr(module, "_free_port", lambda: next(ports, None) or find())
    with Aws() as second:
        assert second.port != aws.port
        assert second.ask("/_sandbox/process")["pid"] == second.pid


def test_credentials_are_not_shown(account: Account) -> None:
    user = account.aws.create_user("shy", allow("s3:*"), account.id)
    assert user.secret_key not in repr(user)
