"""Metrics as log lines in CloudWatch's embedded format."""

import json

import pytest

from image_scan import metrics


def test_a_count_is_one_line_that_cloudwatch_reads(capsys: pytest.CaptureFixture[str]) -> None:
    metrics.count("Verdicts", 2, Verdict="CLEAN")
    line = json.loads(capsys.readouterr().out)
    (declared,) = line["_aws"]["CloudWatchMetrics"]
    assert declared["Namespace"] == "ImageScan"
    assert declared["Dimensions"] == [["Installation", "Verdict"]]
    assert declared["Metrics"] == [{"Name": "Verdicts", "Unit": "Count"}]
    assert (line["Verdicts"], line["Installation"], line["Verdict"]) == (2, "unit", "CLEAN")
    assert line["_aws"]["Timestamp"] > 1_700_000_000_000
