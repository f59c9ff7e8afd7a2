"""A checkout in which the demos are run."""

import pytest

from tests.support.checkout import Checkout, check_out


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return check_out(tmp_path_factory.mktemp("demo") / "project")


def table_rows(printed: str, first_heading: str) -> list[list[str]]:
    """The rows of the printed table whose first column has this heading, cell by cell.

    A line without a first cell continues the row above it.
    """
    lines = iter(printed.splitlines())
    for line in lines:
        if line.startswith("┃") and _cells(line, "┃")[0] == first_heading:
            next(lines)
            break
    rows: list[list[str]] = []
    for line in lines:
        if not line.startswith("│"):
            break
        cells = _cells(line, "│")
        if cells[0]:
            rows.append(cells)
        else:
            rows[-1] = [f"{a}\n{b}".strip() for a, b in zip(rows[-1], cells, strict=True)]
    return rows


def _cells(line: str, border: str) -> list[str]:
    return [cell.strip() for cell in line.strip(border).split(border)]
