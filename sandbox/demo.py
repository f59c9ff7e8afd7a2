"""`make demo`: the whole pipeline on the embedded AWS, shown as it works, then checked.

python -m sandbox.demo            run, show, end
python -m sandbox.demo --keep     run, show, stay up in the background
python -m sandbox.demo --down     end what --keep left up
"""

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from sandbox.aws import REPOSITORY, SandboxError
from sandbox.demo_day_after import INPUTS, DayAfter
from sandbox.demo_view import ON_CALL, show
from sandbox.gated import GATE
from sandbox.installation import Installation
from sandbox.scenario import Scenario
from sandbox.terraform_project import TerraformError

RUNNING = REPOSITORY / ".sandbox/demo.json"
# A wait of 60 s takes 0.3 s, so that the thirty checks of an endless scan take some ten.
_WAIT_SCALE = 0.005
_INTERRUPTED = 130


def run(console: Console, *, keep: bool) -> int:
    """Plays the scenario, shows the results, and returns the exit status. `keep` waits for
    SIGTERM."""
    started = time.monotonic()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    progress = Progress(*columns, console=console)
    with progress:
        applied = progress.add_task("Starting the embedded AWS and Qualys", total=None)

        def on_line(line: str) -> None:
            if line.startswith("Plan: "):
                total = int(line.split()[1])
                progress.update(applied, description="Applying single-account", total=total)
            elif ": Creation complete after" in line:
                progress.advance(applied)

        token = f"demo-{secrets.token_hex(16)}"
        with Installation(token, wait_scale=_WAIT_SCALE, on_line=on_line) as installation:
            installation.terraform.add_inputs(**INPUTS)
            installation.prepare(deployment_gate=GATE)
            installation.apply()
            installation.subscribe_by_mail(ON_CALL)
            scenario = Scenario(installation)
            _play(scenario, installation, progress)
            progress.stop()
            right = show(console, installation, scenario)
            day_after = DayAfter(installation, scenario)
            for sentence in day_after.steps():
                console.print(f"  • {sentence}", highlight=False)
            right = day_after.show(console) and right
            words = "[green]as expected[/]" if right else "[red]not as expected[/]"
            console.print(f"Everything is {words}, after {time.monotonic() - started:.0f} s.")
            if keep:
                _look_around(console, installation)
                _stay_up()
    return 0 if right else 1


def _play(scenario: Scenario, installation: Installation, progress: Progress) -> None:
    deploying = progress.add_task("Deploying", total=scenario.STEPS)
    for sentence in scenario.steps():
        progress.update(deploying, description=f"Deploying {sentence}")
        progress.console.print(f"  • {sentence}", highlight=False)
        progress.advance(deploying)
    progress.update(deploying, description="Deployed")
    scanning = progress.add_task("Scans ended", total=None)

    def on_wait(_intakes: list[dict[str, Any]], scans: list[dict[str, Any]]) -> None:
        over = sum(scan["status"] != "RUNNING" for scan in scans)
        progress.update(scanning, completed=over, total=len(scans))

    installation.wait_until_idle(on_wait)


def _look_around(console: Console, installation: Installation) -> None:
    shown = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")
    names = {name: installation.aws.environment()[name] for name in shown}
    names |= {"QUALYS_GATEWAY_URL": installation.qualys.url, "QUALYS_API_TOKEN": installation.token}
    exports = " ".join(f"{name}={value}" for name, value in names.items())
    look_around = (
        f"export {exports}",
        "make status",
        "make where IMAGE=shop/payments:1.4.2",
        "make where IMAGE=shop/agent:7   # out of scope",
        "make in-use REPOSITORY=shop/payments",
        "make scan IMAGE=shop/web:2.0.0 FORCE=1 WAIT=1",
        "make logs FUNCTION=parse_event SINCE=1h",
        "make report OUT=report.html",
        "make gate",
        "make doctor",
        "make down   # ends it",
    )
    _say(console, "It stays up. To look around:", look_around)
    console.print("In a shell with that export, every command of the README works on it.")
    _say(
        console,
        "To deploy there as you would in your account:",
        ("make deploy NAME_PREFIX=second CREATE_ROLE=true", "make doctor NAME_PREFIX=second"),
    )
    console.print(
        "The doctor will name two things that are left there: nobody is subscribed, and the "
        "registry at Qualys is that of the first installation.",
        soft_wrap=True,
    )


def _say(console: Console, title: str, lines: Iterable[str]) -> None:
    console.print(f"\n{title}", style="bold")
    for line in lines:
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


def _stay_up() -> None:
    """Signals `keep` that all is up, detaches from its terminal, and waits for `down`."""
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(nothing, stream.fileno())
    RUNNING.parent.mkdir(exist_ok=True)
    RUNNING.write_text(json.dumps({"pid": os.getpid()}))
    try:
        signal.sigwait(ends)
    finally:
        RUNNING.unlink(missing_ok=True)


def _keep() -> int:
    """Starts a process with its own session, which outlives this one. Returns once it is up."""
    if RUNNING.exists():
        print("a demo is up already: `make down` ends it", file=sys.stderr)
        return 1
    command = [sys.executable, "-m", "sandbox.demo", "--hold"]
    holder = subprocess.Popen(command, cwd=REPOSITORY, start_new_session=True)
    try:
        while holder.poll() is None:
            if RUNNING.exists():
                return 0
            time.sleep(0.2)
    except KeyboardInterrupt:
        holder.send_signal(signal.SIGINT)
        holder.wait()
    return holder.returncode


def _down() -> int:
    if not RUNNING.exists():
        print("no demo is up")
        return 0
    pid = int(json.loads(RUNNING.read_text())["pid"])
    if not _is_demo(pid):
        RUNNING.unlink()  # it was killed, and its children with it
        print("no demo is up")
        return 0
    os.kill(pid, signal.SIGTERM)
    while _is_demo(pid):
        time.sleep(0.2)
    print("the demo has ended, and nothing of it is left")
    return 0


def _is_demo(pid: int) -> bool:
    """Checks whether the process is still ours: its id may have been reused since."""
    answer = subprocess.run(
        ["ps", "-ww", "-o", "stat=,args=", "-p", str(pid)],  # -ww: whole, however long it is
        capture_output=True,
        text=True,
        check=False,
    )
    return "sandbox.demo" in answer.stdout and not answer.stdout.lstrip().startswith("Z")


def main() -> int:
    parser = argparse.ArgumentParser(description="The pipeline on the embedded AWS.")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--keep", action="store_true", help="stay up in the background")
    mode.add_argument("--down", action="store_true", help="end what --keep left up")
    mode.add_argument("--hold", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.keep:
        return _keep()
    if chosen.down:
        return _down()
    # Where no terminal says how wide it is, wide enough for the table.
    console = Console(width=None if sys.stdout.isatty() else 130)
    return ended(lambda: run(console, keep=chosen.hold))


def ended(play: Callable[[], int]) -> int:
    """Returns the exit status of a demo. An error, and Ctrl-C, is one sentence."""
    try:
        return play()
    except KeyboardInterrupt:
        print("Interrupted. Nothing of the demo is left.", file=sys.stderr)
        return _INTERRUPTED
    except (SandboxError, TerraformError, TimeoutError) as error:
        print(f"{error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
