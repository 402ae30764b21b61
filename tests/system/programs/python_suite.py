"""Runs in the guest: one module of Python's own tests by Python's own runner, and a line a test in a file: what began, its outcome and its reason.

    python_suite.py RESULTS UID ARGUMENT...     the arguments are those of python3 -m test

Tests of multiprocessing import this file again in their processes: only the first one does anything.
"""
import os
import sys

import test.support.testresult as testresult
from test.libregrtest import main


class Lines:
    """Writes the lines, from this process alone."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        self.pid = os.getpid()

    def line(self, test, outcome, why=""):
        if os.getpid() == self.pid:
            os.write(self.fd, ("%s\t%s\t%s\n" % (test.id(), outcome, " ".join(str(why).split())[:200])).encode("utf-8", "replace"))

    def watch(self, method, outcome, why=lambda args: ""):
        old = getattr(testresult.RegressionTestResult, method)

        def new(result, test, *args):
            self.line(test, outcome, why(args))
            return old(result, test, *args)
        setattr(testresult.RegressionTestResult, method, new)

    def watch_subtests(self):
        old = testresult.RegressionTestResult.addSubTest

        def new(result, test, subtest, err):
            if err is not None:
                self.line(test, "FAIL", error([err]))
            return old(result, test, subtest, err)
        testresult.RegressionTestResult.addSubTest = new


def error(args):
    return "%s: %s" % (args[0][0].__name__, args[0][1])


def run(results, uid, arguments):
    if uid:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    lines = Lines(results)
    lines.watch("startTest", "start")
    lines.watch("addSuccess", "ok")
    lines.watch("addExpectedFailure", "ok")
    lines.watch("addUnexpectedSuccess", "FAIL")
    lines.watch("addError", "FAIL", error)
    lines.watch("addFailure", "FAIL", error)
    lines.watch("addSkip", "skip", lambda args: args[0])
    lines.watch_subtests()
    sys.argv[1:] = arguments
    main()


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
