"""One line a test as it ends, and on a failure the reason and the command that repeats it alone (pytest's own terminal is off under
tools/test). The outcomes go to the file $SLUICE_RESULTS, where tools/test counts them: a line a test, its outcome, `kernel` when the
failure shows the kernel complaining about itself, and its name."""
import os
import re
import shlex

import pytest

AGAIN = "/usr/bin/python3 -m pytest %s"
COMPLAINS = re.compile(r"^E .*(panic|UBSan|BUG|WARNING:|lock rank|poison|did not end|no end after)", re.M)


def pytest_addoption(parser):
    parser.addoption("--soak", action="store_true", help="the long forms")


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    if config.getoption("--soak"):
        os.environ["SLUICE_SOAK"] = "1"     # for sluice.seed()
    config.addinivalue_line("markers", "xdist_group(name): tests that share a guest")
    if os.environ.get("SLUICE_RESULTS") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Lines(), "sluice-lines")
        reporter = config.pluginmanager.getplugin("terminalreporter")
        if reporter:
            config.pluginmanager.unregister(reporter)


@pytest.fixture(scope="session")
def soak(request):
    """True in `make soak`."""
    return request.config.getoption("--soak")


class Lines:
    def __init__(self):
        self.why = {}

    def pytest_runtest_logreport(self, report):
        if report.when == "call" and report.outcome != "skipped" or report.outcome == "failed" or report.outcome == "skipped":
            self._one(report)

    def pytest_collectreport(self, report):
        if report.failed:
            self._one(report)

    def _one(self, report):
        name = report.nodeid.partition("@")[0].replace("tests/system/", "")     # xdist adds the group's name
        word = {"passed": "ok", "failed": "FAILED", "skipped": "skip"}[report.outcome]
        seconds = getattr(report, "duration", 0.0)
        reason = "  (%s)" % report.longrepr[2] if report.outcome == "skipped" and isinstance(report.longrepr, tuple) else "  (%.1f s)" % seconds
        text = "%-6s system: %s%s\n" % (word, name, reason)
        if report.outcome == "failed":
            for line in report.longreprtext.splitlines()[-90:]:
                text += "       | %s\n" % line
            for title, captured in report.sections:
                text += "".join("       | [%s] %s\n" % (title, line) for line in captured.splitlines()[-10:])
            text += "       again: " + AGAIN % shlex.quote("tests/system/" + name) + "\n"
        os.write(1, text.encode())
        with open(os.environ["SLUICE_RESULTS"], "a") as f:
            f.write("%s %s %s\n" % (report.outcome, "kernel" if report.failed and COMPLAINS.search(report.longreprtext) else "-", name))
