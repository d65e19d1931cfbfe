"""Leaves ``report.json`` and ``report.html`` in a model folder, whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from translator.decoding.translator import Translator
from translator.errors import first_line
from translator.model_folder import report_page_path, report_path, weights_path
from translator.reports.training_page import write_training_page
from translator.reports.training_report import report_on_dev, training_report, write_report
from translator.training.checkpoint import TrainingState
from translator.training.preparation import Prepared


def write_report_files(
    folder: Path,
    prepared: Prepared,
    state: TrainingState,
    initial: Path | None,
    tell: Callable[[str], None],
) -> None:
    """Writes the report of a training; where that fails, it is told in a line, and nothing is raised.

    The dev set is translated with the best weights for it, unless there are none yet.

    Args:
        folder: the model folder.
        prepared: what the training began with.
        state: its counters.
        initial: the folder of the model whose weights it began with, or None.
        tell: takes each line for the user.
    """
    try:
        dev = None
        if weights_path(folder).exists():
            tell(f"translating the {len(prepared.dev):,} dev sentences for the report; Ctrl-C leaves it out")
            dev = report_on_dev(Translator.load(folder), prepared.dev)
        report = training_report(folder, prepared, state, initial, dev)
        write_report(folder, report)
    except KeyboardInterrupt:
        return
    except Exception as error:  # a report must not cost anyone a training
        tell(f"warning: no report was written, the model is as it should be ({first_line(error)})")
        return
    try:
        write_training_page(report_page_path(folder), report)
        tell(f"report: {report_page_path(folder)}")
    except Exception as error:
        tell(
            f"report: {report_path(folder)}; for {report_page_path(folder).name} too ({first_line(error)}), "
            "then give the same command again"
        )
