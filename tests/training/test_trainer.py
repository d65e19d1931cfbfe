"""The loop around the steps: when it evaluates, what it keeps, when it stops, and how it resumes."""

import dataclasses
import json
import os
import signal
import threading
from itertools import count

import keras
import numpy as np
import pytest
import tensorflow as tf
from references.toy import token_files, toy_pairs

from translator.config import Config, CorpusFacts
from translator.corpus.dictionary_table import DictionaryTable, write_dictionary_table
from translator.devices import Device, device
from translator.errors import DataError, ModelError, TranslatorError
from translator.model_folder import (
    build_network,
    checkpoint_path,
    corpus_path,
    dictionary_path,
    load_weights,
    log_path,
    previous_checkpoint_path,
    weights_path,
)
from translator.training.callbacks import training_variables
from translator.training.checkpoint import TrainingState, save_checkpoint
from translator.training.interruption import StoppedError
from translator.training.trainer import Trainer

PAIRS = toy_pairs(80, shortest=4, longest=4)
STEPS = 8  # batches per epoch: ten pairs of five tokens, the end included, are 50 tokens
CONFIG = Config().override(
    {
        "data.batch_tokens": 50,
        "model.units": 8,
        "model.encoder_layers": 1,
        "model.decoder_layers": 1,
        "training.learning_rate": 0.01,
        "training.warmup_steps": 5,
        "training.patience": 100,
        "training.max_epochs": 3,
        "training.dev_metric": "bleu-13a",
    }
)


class KilledError(Exception):
    """Stands for the end of the process."""


def trainer_of(config, tokenizer, folder, *parts, initial=None, report=None, max_tokens=200):
    corpus = token_files(corpus_path(folder), tokenizer, *(parts or [PAIRS]), max_tokens=max_tokens)
    return Trainer(
        config, tokenizer, corpus, folder, initial_model=initial, report=report or (lambda line: None)
    )


def trainer_in(folder, tokenizer, report=None, **training):
    settings = {f"training.{name}": value for name, value in training.items()}
    return trainer_of(CONFIG.override(settings), tokenizer, folder, report=report)


def rising():
    """Returns a score that rises with every call."""
    return map(float, count(1)).__next__


def values_of(trainer):
    return {
        f"{i} {variable.name}": variable.numpy()
        for i, variable in enumerate(training_variables(trainer._model))
    }


def rate_at(step):
    """The highest rate at the end of the warm-up, and falling with the root of the step after it."""
    return 0.01 * min(step / 5, (5 / step) ** 0.5)


def log_of(folder):
    return [json.loads(line) for line in log_path(folder).read_text(encoding="utf-8").splitlines()]


def test_training_stops_early_keeps_the_best_weights_and_lowers_the_rate(tokenizer, tmp_path):
    trainer, lines, seen = trainer_in(tmp_path, tokenizer, patience=3, rate_patience=2, max_epochs=20), [], []
    scores = iter([5.0, 7.0, 6.0, 7.0, 6.5])  # the second is the best; an equal one is no gain

    def score():
        averages = [average.numpy() for average in trainer._model.averages]
        seen.append([weight.numpy() for weight in trainer.network.trainable_variables])
        for weight, average in zip(seen[-1], averages, strict=True):
            np.testing.assert_array_equal(weight, average)  # the averaged weights are scored
        return next(scores)

    state = trainer.train(score, lines.append)
    assert len(seen) == 5
    assert state is trainer.state
    assert (state.epoch, state.step, state.finished) == (5, 5 * STEPS, True)
    assert (state.best_score, state.best_step, state.evaluations_without_gain) == (7.0, 2 * STEPS, 3)
    assert state.rate_factor == pytest.approx(0.7)
    best = build_network(CONFIG, tokenizer)
    load_weights(best, tmp_path)
    for weight, expected in zip(best.trainable_variables, seen[1], strict=True):
        np.testing.assert_array_equal(weight.numpy(), expected)
    assert any((weight.numpy() != seen[4][i]).any() for i, weight in enumerate(best.trainable_variables))
    for weight, last in zip(trainer.network.trainable_variables, seen[4], strict=True):
        assert (weight.numpy() != last).any()  # raw weights again
    assert ["(best)" in line for line in lines] == [True, True, False, False, False]
    assert lines[1].startswith(f"epoch 2, step {2 * STEPS}: loss ")
    assert "dev BLEU 7.00 (best), " in lines[1]
    log = log_of(tmp_path)
    assert [record["dev_score"] for record in log] == [5.0, 7.0, 6.0, 7.0, 6.5]
    assert [record["best"] for record in log] == [True, True, False, False, False]
    rates = [record["learning_rate"] / rate_at(STEPS * record["epoch"] + 1) for record in log]
    np.testing.assert_allclose(rates, [1.0, 1.0, 1.0, 0.7, 0.7], rtol=5e-3)  # three digits of the next step
    assert log[-1]["loss"] < log[0]["loss"]


def test_the_rate_warms_up_and_falls_after_every_so_many_evaluations_without_gain(tokenizer, tmp_path):
    trainer = trainer_in(tmp_path, tokenizer, rate_patience=2, rate_decay=0.5, max_epochs=8)
    rates = []
    keep_rate = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: rates.append(float(trainer._model.optimizer.learning_rate))
    )
    scores = iter([3.0, 2.0, 2.0, 4.0, 1.0, 1.0, 1.0, 1.0])
    state = trainer.train(scores.__next__, lambda line: None, [keep_rate])
    np.testing.assert_allclose(rates[:5], [0.002, 0.004, 0.006, 0.008, 0.01], rtol=1e-6)
    # Decays come after evaluations 3, 6 and 8; an epoch is trained at the rate from before its own.
    factors = np.reshape([rate / rate_at(1 + i) for i, rate in enumerate(rates)], [8, STEPS])
    np.testing.assert_allclose(factors.min(axis=1), factors.max(axis=1), rtol=1e-5)
    np.testing.assert_allclose(factors[:, 0], [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25], rtol=1e-5)
    assert state.rate_factor == 0.125
    assert (state.epoch, state.finished, state.best_score) == (8, True, 4.0)


# Evaluation after each epoch, and after every 3 steps, which is within epochs and once at an end of one.
INTERVALS = {"epochs": 0, "steps": 3}
FIELDS = [field.name for field in dataclasses.fields(TrainingState)]
COUNTERS = [name for name in FIELDS if "seconds" not in name and name != "device"]


@pytest.fixture(scope="module")
def never_stopped(tokenizer, tmp_path_factory):
    """For each evaluation interval an uninterrupted training, and the folder that it wrote."""
    trained = {}
    for interval, evaluate_steps in INTERVALS.items():
        folder = tmp_path_factory.mktemp(interval)
        trainer = trainer_in(folder, tokenizer, evaluate_steps=evaluate_steps)
        trainer.train(rising(), lambda line: None)
        trained[interval] = trainer, folder
    return trained


def stop_after_an_epoch(folder, tokenizer):
    trainer_in(folder, tokenizer, max_epochs=1).train(rising(), lambda line: None)


def kill_before_the_checkpoint(folder, tokenizer):
    """The best weights of the second evaluation are written, its checkpoint is not."""
    lines = []

    def report(line):
        lines.append(line)
        if len(lines) == 2:
            raise KilledError

    trainer = trainer_in(folder, tokenizer)
    with pytest.raises(KilledError):
        trainer.train(rising(), report)


def kill_in_an_evaluation(folder, tokenizer):
    scores = iter([1.0, 2.0])

    def score():
        for value in scores:
            return value
        raise KilledError

    trainer = trainer_in(folder, tokenizer, evaluate_steps=INTERVALS["steps"])
    with pytest.raises(KilledError):
        trainer.train(score, lambda line: None)


def kill_after(step, trainer):
    """Trains until so many steps are done and what follows a step is too."""

    def on_train_batch_end(batch, logs):
        if trainer.state.step == step:
            raise KilledError

    callback = keras.callbacks.LambdaCallback(on_train_batch_end=on_train_batch_end)
    with pytest.raises(KilledError):
        trainer.train(rising(), lambda line: None, [callback])


def kill_in_a_step(folder, tokenizer):
    """Killed between two evaluations in the second epoch."""
    kill_after(STEPS + 6, trainer_in(folder, tokenizer, evaluate_steps=INTERVALS["steps"]))


def kill_after_a_checkpoint_between_evaluations(folder, tokenizer):
    kill_after(STEPS + 4, trainer_in(folder, tokenizer, checkpoint_steps=5))


def kill_between_the_last_batch_of_an_epoch_and_its_evaluation(folder, tokenizer):
    def score():
        raise KilledError

    trainer = trainer_in(folder, tokenizer, checkpoint_steps=STEPS)
    with pytest.raises(KilledError):
        trainer.train(score, lambda line: None)


@pytest.mark.parametrize(
    ("interrupt", "interval", "resumes_at"),
    [
        (stop_after_an_epoch, "epochs", STEPS),
        (kill_before_the_checkpoint, "epochs", STEPS),
        (kill_in_an_evaluation, "steps", 6),
        (kill_in_a_step, "steps", 12),
        (kill_after_a_checkpoint_between_evaluations, "epochs", 10),
        (kill_between_the_last_batch_of_an_epoch_and_its_evaluation, "epochs", STEPS),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_training_that_was_stopped_ends_like_one_that_never_was(
    interrupt, interval, resumes_at, never_stopped, tokenizer, tmp_path
):
    interrupt(tmp_path, tokenizer)
    trainer = trainer_in(tmp_path, tokenizer, evaluate_steps=INTERVALS[interval])
    assert trainer.resumed
    assert trainer.state.step == resumes_at
    scores = map(float, count(max(int(trainer.state.best_score), 0) + 1))
    trainer.train(scores.__next__, lambda line: None)
    assert_same_end(trainer, tmp_path, *never_stopped[interval])


def assert_same_end(trainer, folder, expected, expected_folder):
    """Every counter, bit of every variable and of the best weights, and line of the log, but for the time."""
    for field in COUNTERS:
        assert getattr(trainer.state, field) == getattr(expected.state, field), field
    values = values_of(trainer)
    for name, value in values_of(expected).items():
        np.testing.assert_array_equal(values[name], value, err_msg=name)
    assert weights_path(folder).read_bytes() == weights_path(expected_folder).read_bytes()
    logs = log_of(folder), log_of(expected_folder)
    for record in [*logs[0], *logs[1]]:
        del record["seconds"], record["tokens_per_second"]
    assert logs[0] == logs[1]


def test_a_damaged_last_checkpoint_makes_training_resume_from_the_one_before(
    never_stopped, tokenizer, tmp_path
):
    kill_in_a_step(tmp_path, tokenizer)
    last = checkpoint_path(tmp_path)
    last.write_bytes(last.read_bytes()[:-100])
    lines = []
    trainer = trainer_in(tmp_path, tokenizer, lines.append, evaluate_steps=INTERVALS["steps"])
    assert trainer.state.step == 9
    [line] = lines
    assert line.startswith(f"warning: {last}: damaged (")
    assert line.endswith("); resuming from the checkpoint before it")
    scores = map(float, count(int(trainer.state.best_score) + 1))
    trainer.train(scores.__next__, lambda line: None)
    assert_same_end(trainer, tmp_path, *never_stopped["steps"])


@pytest.mark.parametrize("cut", [b'{"epoch": 2, "st', b"\xff\xfe\n", b"[2]\n", b'{"step": null}\n'])
def test_a_log_that_was_cut_in_a_line_is_whole_in_the_end(cut, never_stopped, tokenizer, tmp_path):
    kill_in_a_step(tmp_path, tokenizer)
    with log_path(tmp_path).open("ab") as log:
        log.write(cut)
    trainer = trainer_in(tmp_path, tokenizer, evaluate_steps=INTERVALS["steps"])
    scores = map(float, count(int(trainer.state.best_score) + 1))
    trainer.train(scores.__next__, lambda line: None)
    assert_same_end(trainer, tmp_path, *never_stopped["steps"])


@pytest.mark.parametrize("interval", INTERVALS)
def test_the_log_has_a_line_for_every_evaluation(interval, never_stopped):
    _, folder = never_stopped[interval]
    every = INTERVALS[interval] or STEPS
    log = log_of(folder)
    assert [record["step"] for record in log] == list(range(every, 3 * STEPS + 1, every))
    assert [record["epoch"] for record in log] == [-(-record["step"] // STEPS) for record in log]
    assert [record["dev_score"] for record in log] == [float(i) for i in range(1, len(log) + 1)]
    assert all(1 < record["perplexity"] < 1000 for record in log)


def test_a_finished_training_does_nothing_more(never_stopped, tokenizer):
    expected, folder = never_stopped["epochs"]
    before = checkpoint_path(folder).read_bytes()

    def score():
        raise AssertionError("there is nothing to evaluate")

    trainer = trainer_in(folder, tokenizer)
    assert trainer.resumed
    assert trainer.train(score, print).step == expected.state.step
    assert checkpoint_path(folder).read_bytes() == before


def test_an_epoch_that_patience_ends_early_is_not_counted(tokenizer, tmp_path):
    trainer = trainer_in(tmp_path, tokenizer, evaluate_steps=STEPS + 3, patience=1)
    state = trainer.train(iter([2.0, 1.0]).__next__, lambda line: None)
    assert (state.step, state.epoch, state.batch) == (2 * STEPS + 6, 2, 6)
    assert trainer_in(tmp_path, tokenizer, evaluate_steps=STEPS + 3, patience=1).state == state


def test_a_training_shorter_than_the_evaluation_interval_is_evaluated_at_its_end(tokenizer, tmp_path):
    settings = {"max_epochs": 1, "evaluate_steps": 1000}
    trainer_in(tmp_path, tokenizer, **settings).train(rising(), lambda line: None)
    assert [record["step"] for record in log_of(tmp_path)] == [STEPS]
    assert weights_path(tmp_path).exists()
    assert trainer_in(tmp_path, tokenizer, **settings).state.finished


@pytest.mark.parametrize(
    "settings",
    [
        {"model.units": 16},
        {"model.decoder_layers": 2},
    ],
    ids=["other units", "other layers"],
)
def test_another_network_is_not_trained_on(settings, never_stopped, tokenizer):
    _, folder = never_stopped["epochs"]
    message = "made by another version or configuration; train into a new folder"
    with pytest.raises(ModelError, match=message) as caught:
        trainer_of(CONFIG.override(settings), tokenizer, folder)
    assert "\n" not in str(caught.value)


def test_a_corpus_whose_pairs_are_all_too_long_is_refused(tokenizer, tmp_path):
    message = "all pairs are longer than 3 tokens; raise data.max_tokens, or split the lines"
    with pytest.raises(DataError, match=message):
        trainer_of(CONFIG.override({"data.max_tokens": 3}), tokenizer, tmp_path, max_tokens=3)


def test_the_longest_source_counts_only_pairs_that_are_used(tokenizer, tmp_path):
    pairs = [*PAIRS, *toy_pairs(10, shortest=9, longest=9)]
    assert trainer_of(CONFIG, tokenizer, tmp_path, pairs).corpus == CorpusFacts(90, 9)
    assert trainer_of(CONFIG, tokenizer, tmp_path, pairs, max_tokens=8).corpus == CorpusFacts(80, 4)


@pytest.mark.parametrize("interval", INTERVALS)
def test_asking_for_results_later_changes_nothing(interval, never_stopped, tokenizer, tmp_path, monkeypatch):
    pretended = Device("GPU (pretended)", is_gpu=True, has_bfloat16=device().has_bfloat16)
    monkeypatch.setattr("translator.training.trainer.device", lambda: pretended)
    trainer = trainer_in(tmp_path, tokenizer, evaluate_steps=INTERVALS[interval])
    assert str(trainer).endswith(" on GPU (pretended)")
    trainer.train(rising(), lambda line: None)
    assert_same_end(trainer, tmp_path, *never_stopped[interval])


@pytest.mark.parametrize(
    ("later", "now"),
    [
        (Device("CPU with 2 cores", is_gpu=False, has_bfloat16=True), "mixed_bfloat16 on a CPU"),
        (Device("GPU (pretended)", is_gpu=True, has_bfloat16=False), "float32 on a GPU"),
        (Device("CPU with 9 cores", is_gpu=False, has_bfloat16=False), None),
    ],
)
def test_a_training_that_resumes_in_other_arithmetic_says_so_once(
    later, now, tokenizer, tmp_path, monkeypatch
):
    lines = []

    def resume_on(device):
        monkeypatch.setattr("translator.training.trainer.device", lambda: device)
        trainer = trainer_in(tmp_path, tokenizer, lines.append)
        paths = checkpoint_path(tmp_path), previous_checkpoint_path(tmp_path)
        save_checkpoint(*paths, trainer.state, training_variables(trainer._model))
        return trainer.state

    first = resume_on(Device("CPU with 1 core", is_gpu=False, has_bfloat16=False))
    assert (first.precision, first.device, lines) == ("float32", "CPU", [])
    second, third = resume_on(later), resume_on(later)
    assert f"{second.precision} on a {second.device}" == (now or "float32 on a CPU")
    assert second == third
    warning = (
        f"warning: training continues in {now}; so far it was in float32 on a CPU, so the result will differ "
        "slightly from that of an uninterrupted training"
    )
    assert lines == ([warning] if now else [])


# What can go wrong between the steps


def spoil_at(trainer, steps):
    """Returns a callback that makes a weight NaN after each of the given steps, whenever they are done."""

    def on_train_batch_end(batch, logs):
        if trainer.state.step in steps:
            steps.remove(trainer.state.step)
            trainer.network.trainable_variables[0].assign_add(
                np.full(trainer.network.trainable_variables[0].shape, np.nan)
            )

    return keras.callbacks.LambdaCallback(on_train_batch_end=on_train_batch_end)


def test_a_loss_that_is_not_a_number_leads_back_to_the_last_checkpoint_with_a_lower_rate(tokenizer, tmp_path):
    trainer, lines = trainer_in(tmp_path, tokenizer, checkpoint_steps=5), []
    state = trainer.train(rising(), lines.append, [spoil_at(trainer, [12, 13])])
    assert (state.step, state.epoch, state.finished) == (3 * STEPS, 3, True)
    assert state.rate_factor == 0.25
    warning = "warning: the loss is no longer a number at step {}; resuming from step 10 with 0.5 of the "
    warning += "learning rate"
    # The step after the spoiled one shows it; the second time it is the step after step 13.
    assert [line for line in lines if "warning" in line] == [warning.format(13), warning.format(14)]
    assert [record["step"] for record in log_of(tmp_path)] == [8, 16, 24]
    assert all(np.isfinite(value).all() for value in values_of(trainer).values())


def test_weights_that_are_not_numbers_are_never_saved(tokenizer, tmp_path):
    trainer, lines = trainer_in(tmp_path, tokenizer, checkpoint_steps=5), []
    spoil = spoil_at(trainer, [9])  # the loss of step 10 shows it, which is the step of a checkpoint

    def on_train_batch_end(batch, logs):
        if trainer.state.step == 10:
            logs["loss"] = 1.0  # as if the step itself had spoiled the weights

    quiet = keras.callbacks.LambdaCallback(on_train_batch_end=on_train_batch_end)
    trainer.train(rising(), lines.append, [spoil, quiet])
    assert any("resuming from step 8" in line for line in lines)
    assert all(np.isfinite(value).all() for value in values_of(trainer).values())


def test_a_loss_that_is_never_a_number_ends_the_training_with_the_reason(tokenizer, tmp_path):
    trainer = trainer_in(tmp_path, tokenizer)
    message = (
        "the loss is no longer a number at step 2; give another --output and a lower training.learning_rate "
        r"\(it was 0\.01\)"
    )
    with pytest.raises(TranslatorError, match=message):
        trainer.train(rising(), lambda line: None, [spoil_at(trainer, [1])])
    trainer = trainer_in(tmp_path, tokenizer, checkpoint_steps=5)
    lines = []
    with pytest.raises(TranslatorError, match="the loss is no longer a number at step 7; give another"):
        trainer.train(rising(), lines.append, [spoil_at(trainer, [6] * 20)])
    assert len(lines) == 6, "0.5 to the sixth is 0.016"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "terminate"])
def test_a_training_that_is_asked_to_stop_saves_and_loses_no_step(number, never_stopped, tokenizer, tmp_path):
    trainer, lines = trainer_in(tmp_path, tokenizer), []

    def on_train_batch_begin(batch, logs):
        if trainer.state.step == STEPS + 2:
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    callback = keras.callbacks.LambdaCallback(on_train_batch_begin=on_train_batch_begin)
    with pytest.raises(StoppedError):
        trainer.train(rising(), lines.append, [callback])
    assert signal.getsignal(number) is before
    assert lines[-1] == "stopped at step 11 and saved; the same command resumes from there"
    again = trainer_in(tmp_path, tokenizer)
    assert again.state.step == STEPS + 3
    again.train(map(float, count(2)).__next__, lambda line: None)
    assert_same_end(again, tmp_path, *never_stopped["epochs"])


def test_a_request_to_stop_in_the_last_evaluation_is_not_lost(tokenizer, tmp_path):
    trainer, lines = trainer_in(tmp_path, tokenizer, max_epochs=1), []

    def score():
        os.kill(os.getpid(), signal.SIGINT)
        return 1.0

    with pytest.raises(StoppedError):
        trainer.train(score, lines.append)
    assert lines[-1] == "stopped after the last step, and saved"
    assert trainer_in(tmp_path, tokenizer, max_epochs=1).state.finished


def test_a_second_request_stops_at_once(tokenizer, tmp_path):
    trainer, steps = trainer_in(tmp_path, tokenizer), []

    def on_train_batch_begin(batch, logs):
        steps.append(trainer.state.step)
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    callback = keras.callbacks.LambdaCallback(on_train_batch_begin=on_train_batch_begin)
    with pytest.raises(KeyboardInterrupt) as ending:
        trainer.train(rising(), lambda line: None, [callback])
    assert not isinstance(ending.value, StoppedError)
    assert steps == [0]
    assert not checkpoint_path(tmp_path).exists()


def test_a_training_in_another_thread_takes_no_signals(tokenizer, tmp_path):
    trainer, before = trainer_in(tmp_path, tokenizer, max_epochs=1), signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=lambda: trainer.train(rising(), lambda line: None))
    thread.start()
    thread.join()
    assert trainer.state.finished
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    "error", [MemoryError(), tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")]
)
def test_too_little_memory_names_the_setting_to_lower(error, tokenizer, tmp_path):
    def on_train_batch_end(batch, logs):
        raise error

    callback = keras.callbacks.LambdaCallback(on_train_batch_end=on_train_batch_end)
    message = (
        r"out of memory at step 1 or after it; give another --output and a smaller data\.batch_tokens "
        r"\(it was 50\) or model\.units \(it was \d+\)$"
    )
    with pytest.raises(TranslatorError, match=message):
        trainer_in(tmp_path, tokenizer).train(rising(), lambda line: None, [callback])


def test_too_little_memory_for_the_network_names_the_settings_too(tokenizer, tmp_path, monkeypatch):
    def network_beyond_memory(*_):
        raise MemoryError

    monkeypatch.setattr("translator.training.trainer.build_network", network_beyond_memory)
    with pytest.raises(TranslatorError, match=r"out of memory before the first step; give another --output"):
        trainer_in(tmp_path, tokenizer)


def test_a_log_that_cannot_be_written_is_reported(tokenizer, tmp_path):
    log_path(tmp_path).mkdir(parents=True)
    with pytest.raises(ModelError, match=r"log\.jsonl: cannot be written \(Is a directory\); check"):
        trainer_in(tmp_path, tokenizer).train(rising(), lambda line: None)


# Starting from the weights of another model


def lowest(trainer, lines):
    """Trains with scores that never rise above the one before training."""
    scores = iter([30.0, 20.0, 25.0, 10.0])
    return trainer.train(lambda: next(scores), lines.append)


@pytest.fixture(scope="module")
def general(tokenizer, tmp_path_factory):
    """The folder of an initial model."""
    folder = tmp_path_factory.mktemp("general")
    trainer_in(folder, tokenizer, max_epochs=1, seed=5).train(rising(), lambda line: None)
    return folder


def test_training_starts_from_the_weights_of_the_initial_model(general, tokenizer, tmp_path):
    expected = build_network(CONFIG, tokenizer)
    load_weights(expected, general)
    trainer = trainer_of(CONFIG, tokenizer, tmp_path, initial=general)
    averages = trainer._model.averages
    for weight, average, other in zip(
        trainer.network.trainable_variables, averages, expected.trainable_variables, strict=True
    ):
        np.testing.assert_array_equal(weight, other)
        np.testing.assert_array_equal(average, other)


def test_the_dictionary_comes_from_the_text_or_from_the_initial_model(tokenizer, tmp_path):
    config = CONFIG.override({"model.dictionary": 2, "training.max_epochs": 1})
    folder, size = tmp_path / "first", tokenizer.vocabulary_size
    random = np.random.default_rng(1)
    table = DictionaryTable(
        random.integers(0, size, [size, 2]).astype(np.int32),
        random.uniform(0, 0.5, [size, 2]).astype(np.float32),
        random.integers(1, 9, size).astype(np.float32),
    )
    with pytest.raises(ModelError, match=r"dictionary\.npz: damaged"):
        trainer_of(config, tokenizer, folder)
    write_dictionary_table(dictionary_path(folder), table)
    trainer_of(config, tokenizer, folder).train(rising(), lambda line: None)
    network = build_network(config, tokenizer)
    load_weights(network, folder)
    dictionary_path(folder).unlink()  # the weights have it
    for found in (network, trainer_of(config, tokenizer, tmp_path / "next", initial=folder).network):
        for weight, expected in zip(found.dictionary.weights, table, strict=True):
            np.testing.assert_array_equal(weight, expected)


def test_a_resumed_training_does_not_read_the_dictionary_again(tokenizer, tmp_path):
    config = CONFIG.override({"model.dictionary": 2, "training.max_epochs": 1})
    size = tokenizer.vocabulary_size
    table = DictionaryTable(
        np.ones([size, 2], np.int32), np.full([size, 2], 0.25, np.float32), np.ones(size, np.float32)
    )
    dictionary_path(tmp_path).parent.mkdir()
    write_dictionary_table(dictionary_path(tmp_path), table)
    before = trainer_of(config, tokenizer, tmp_path)
    before.train(rising(), lambda line: None)
    dictionary_path(tmp_path).write_bytes(b"cut")
    after = trainer_of(config, tokenizer, tmp_path)
    np.testing.assert_equal(values_of(after), values_of(before))


def test_fine_tuning_that_never_improves_keeps_the_initial_weights(general, tokenizer, tmp_path):
    lines = []
    state = lowest(trainer_of(CONFIG, tokenizer, tmp_path, initial=general), lines)
    assert lines[0] == "before training: dev BLEU 30.00"
    assert (state.best_score, state.best_step, state.step) == (30.0, 0, 3 * STEPS)
    kept, began = (build_network(CONFIG, tokenizer) for _ in range(2))
    load_weights(kept, tmp_path)
    load_weights(began, general)
    for weight, expected in zip(kept.trainable_variables, began.trainable_variables, strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_a_resumed_training_does_not_score_the_initial_weights_again(general, tokenizer, tmp_path):
    lowest(trainer_of(CONFIG, tokenizer, tmp_path, initial=general), [])
    again = trainer_of(CONFIG, tokenizer, tmp_path, initial=general)
    assert again.resumed
    lines = []
    again.train(lambda: 0.0, lines.append)
    assert lines == [], "the initial weights are not scored again"


def test_weights_decide_how_often_an_epoch_takes_the_pairs_of_a_part(tokenizer, tmp_path):
    parts = PAIRS, toy_pairs(40, shortest=2, longest=2), toy_pairs(10, shortest=3, longest=3)
    corpus = token_files(corpus_path(tmp_path), tokenizer, *parts, weights=[1, 0.25, 3])
    trainer = Trainer(CONFIG, tokenizer, corpus, tmp_path)
    assert trainer._batches.num_pairs == 80 + 10 + 30
    taken = {}
    for batch in trainer._batches.epoch(0).as_numpy_iterator():
        for length in (batch.source_ids != tokenizer.padding_id).sum(axis=1).tolist():
            taken[length - 1] = taken.get(length - 1, 0) + 1
    assert taken == {4: 80, 2: 10, 3: 30}


def test_weights_that_leave_no_pair_are_refused(tokenizer, tmp_path):
    corpus = token_files(corpus_path(tmp_path), tokenizer, PAIRS, PAIRS, weights=[0.005, None])
    with pytest.raises(DataError, match="would not take a single pair; raise the weights of the files"):
        Trainer(CONFIG, tokenizer, corpus, tmp_path)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 40), (0.2, 20), (0.0, 0)])
def test_the_mixed_share_decides_how_many_pairs_are_mixed_in(tokenizer, tmp_path, share, expected):
    mixed = toy_pairs(40, shortest=3, longest=3)
    config = CONFIG.override({"data.mixed_share": share})
    trainer = trainer_of(config, tokenizer, tmp_path, PAIRS, mixed)
    assert trainer._batches.num_pairs == 80 + expected
    assert trainer.corpus == CorpusFacts(80, 4)
