"""Why the worker ends. Every message is one line that says what is wrong and what to do about it."""

from __future__ import annotations


class Fatal(Exception):
    """The worker cannot go on without giving a wrong answer; `code` is its exit status."""

    code = 1


class Misconfigured(Fatal):
    """Settings, topics or definitions that do not fit together: to be put right before another start."""

    code = 2
