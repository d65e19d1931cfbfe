"""A model for tests of the server: its translations follow a rule, and it can be made to wait or fail."""

import threading

import numpy as np

from translator.serving.server.models import Hypothesis


def translation_of(line):
    """What the scripted model makes of a line: its words in capitals, the last first."""
    return " ".join(reversed(line.upper().split()))


class ScriptedModel:
    """A model that computes its translations by a rule, and waits or fails as a test says.

    Attributes:
        batches: the lines of each call so far, and what was wanted of them.
        may_go_on: cleared, every call waits.
        error: raised by a call that has this line.
    """

    def __init__(self):
        self.batches, self.may_go_on, self.error = [], threading.Event(), None
        self.may_go_on.set()

    def translate(self, lines, options):
        self.batches.append((list(lines), options))
        assert self.may_go_on.wait(timeout=30)
        if self.error in lines:
            raise RuntimeError("out of memory")
        return [self._hypotheses(line, options) for line in lines]

    def _hypotheses(self, line, options):
        text = translation_of(line)
        number = len(text.split())
        attention = np.full([number, number], 0.1 / max(number, 1), np.float32)
        attention[np.arange(number), number - 1 - np.arange(number)] = 0.75
        one = Hypothesis(text, -0.5, attention if options.attention else None)
        others = [Hypothesis(f"{text} {i}", -0.5 - i, None) for i in range(1, 5)]
        return [one, *others]
