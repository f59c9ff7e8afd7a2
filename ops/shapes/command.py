"""Runs `make doctor SHAPES=1`."""

from rich.console import Console

from image_scan.errors import QualysUnauthorized, ScanError
from ops.doctor.findings import Unanswered
from ops.doctor.here import INSTALLATION, Here
from ops.errors import NoAnswer, OpsError
from ops.shapes import calls, report


def run(here: Here, console: Console, *, as_json: bool) -> int:
    """Returns the exit status: 1 if the product cannot read an answer. Raises OpsError if Qualys
    cannot be asked."""
    if INSTALLATION not in here.kinds:
        raise OpsError(
            f"There is no installation in {here.region}: SHAPES=1 asks with its credential."
        )
    try:
        given = _answers(here)
    except (Unanswered, ScanError) as error:
        raise NoAnswer(
            f"Qualys cannot be asked: {error}. `{here.make('doctor')}` says more."
        ) from None
    compared, not_asked = report.examine(given), calls.not_asked(given)
    if as_json:
        reported = report.as_json(compared, not_asked)
        console.print(reported, markup=False, highlight=False, soft_wrap=True)
    else:
        report.show(compared, not_asked, console)
    return 0 if all(each.is_expected for each in compared) else 1


def _answers(here: Here) -> list[calls.Answer]:
    host = f"{here.account_id}.dkr.ecr.{here.region}.amazonaws.com"
    role_account = here.setting("QUALYS_ROLE_ARN").split(":")[4]
    answers = calls.answers(here.qualys.transport, host, role_account)
    first = next(answers)
    if first.problem == QualysUnauthorized.__name__:
        raise Unanswered("Qualys refuses the credential: see credential-accepted")
    return [first, *answers]
