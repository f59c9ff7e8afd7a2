"""The folder with the SDK is whole for each of many workers that begin at once."""

from pathlib import Path

import pytest

from tests.sandbox.emulator_python import run

SCRIPT = """
import threading, time
from pathlib import Path
from sandbox.emulator import lambda_workers

make, link = Path.mkdir, Path.symlink_to
Path.mkdir = lambda path, *given, **more: (time.sleep(0.05), make(path, *given, **more))
Path.symlink_to = lambda path, *given: (time.sleep(0.01), link(path, *given))
start, seen = threading.Barrier(8), []

def begin():
    start.wait()
    seen.append(len(list(lambda_workers.runtime_folder().iterdir())))

threads = [threading.Thread(target=begin) for _ in range(8)]
for each in threads: each.start()
for each in threads: each.join()
print(seen == [len(lambda_workers.SDK)] * 8)
"""


def test_many_workers_begin_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert run("-c", SCRIPT).strip() == "True"
