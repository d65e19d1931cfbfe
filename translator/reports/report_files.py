"""Writes ``report.json`` and ``report.html`` into a model folder when a training ends or is stopped."""

from __future__ import annotations

from translator.decoding.translator import Translator
from translator.errors import first_line
from translator.model_folder import report_page_path, report_path, weights_path
from translator.reports.training_page import write_training_page
from translator.reports.training_report import build_dev_report, build_training_report, write_report_json
from translator.training.checkpoint import TrainingState
from translator.training.job import TrainingJob
from translator.training.preparation import Prepared


def write_report_files(job: TrainingJob, prepared: Prepared, state: TrainingState) -> None:
    """Writes ``report.json`` and ``report.html``; a failure is logged in one line and never raised.

    The dev set is translated with the weights that had the best dev score, if there are any yet.

    Args:
        job: the training, whose ``report`` takes each line for the user.
        prepared: settings, corpus and dev set of the training.
        state: counters of the training.
    """
    folder, log = job.folder, job.report
    try:
        dev = None
        if weights_path(folder).exists():
            log(
                f"translating the {len(prepared.dev):,} dev sentences for the report; Ctrl-C skips the report"
            )
            dev = build_dev_report(Translator.load(folder), prepared.dev)
        report = build_training_report(folder, prepared, state, job.initial_model, dev)
        write_report_json(folder, report)
    except KeyboardInterrupt:
        return
    except Exception as error:  # a failed report must not fail the training
        log(f"warning: the report could not be written ({first_line(error)}); the model is not affected")
        return
    try:
        write_training_page(report_page_path(folder), report)
        log(f"report: {report_page_path(folder)}")
    except Exception as error:
        log(
            f"report: {report_path(folder)}; {report_page_path(folder).name} could not be written "
            f"({first_line(error)}); then run the same command again"
        )
