"""A pytest plugin: with NEWSROOM_FORBID_SKIPS=1 a skipped test or module is a failure.

CI has every server, so a skipped test there is a test that never runs.
"""

import os
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped(report)
    return report


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    # An expected failure reports itself as skipped, but did run.
    if os.environ.get("NEWSROOM_FORBID_SKIPS") != "1" or hasattr(report, "wasxfail"):
        return
    if report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"NEWSROOM_FORBID_SKIPS=1 and this was skipped: {reason}"
