"""Users can train, translate and evaluate; each command runs in its own process."""

import gzip
import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time

import pytest
from end_to_end.conftest import expected


def test_the_model_learns_and_the_order_of_the_lines_is_kept(run, model, corpus):
    sources = (corpus / "test.en").read_text(encoding="utf-8").splitlines()
    lines = [*sources[:10], "", *sources[10:], "   "]
    done = run("translate", model, standard_input="".join(f"{line}\n" for line in lines))
    assert done.returncode == 0
    assert done.stderr == ""
    output = done.stdout.split("\n")
    assert output.pop() == ""  # after the last newline
    assert len(output) == len(lines)
    assert [output[10], output[-1]] == ["", "   "]  # blank lines are kept
    right = sum(line == expected(source) for line, source in zip(output, lines, strict=True))
    assert right >= 0.9 * len(lines)


def test_text_may_be_given_as_arguments(run, model):
    assert run("translate", model, "one two", "ten").stdout == "zwei eins\nzehn\n"


def test_evaluate_prints_the_scores_of_sacrebleu(run, model, corpus, tmp_path):
    done = run(
        *("evaluate", model, "--source", corpus / "test.en", "--reference", corpus / "test.de"),
        *("--output", tmp_path / "hypotheses.de", "--json"),
    )
    assert done.returncode == 0, done.stderr
    scores = json.loads(done.stdout)
    for metric in ("bleu", "chrf"):
        command = [sys.executable, "-m", "sacrebleu", corpus / "test.de", "-i", tmp_path / "hypotheses.de"]
        command += ["-m", metric, "--width", "10", "--format", "json"]
        own = subprocess.run(command, capture_output=True, text=True, check=True)
        reported = json.loads(own.stdout)
        assert scores[metric]["score"] == pytest.approx(reported["score"], abs=1e-9)
        assert scores[metric]["signature"] == reported["signature"]
    assert scores["bleu"]["score"] >= 80
    assert scores["num_sentences"] == 60


@pytest.mark.parametrize("is_terminal", [False, True], ids=["pipe", "terminal"])
def test_a_program_that_waits_for_each_translation_gets_it(model, is_terminal):
    command = [sys.executable, "-m", "translator", "translate", model]
    writing, reading = pty.openpty() if is_terminal else os.pipe()[::-1]
    with subprocess.Popen(command, stdin=reading, stdout=subprocess.PIPE) as process:
        os.close(reading)
        giving_up = threading.Timer(100, process.kill)
        giving_up.start()
        for lines, translations in ((b"one two\n", b"zwei eins\n"), (b"two\n\nten\n", b"zwei\n\nzehn\n")):
            os.write(writing, lines)  # and wait with the writing end open
            assert b"".join(process.stdout.readline() for _ in translations.splitlines()) == translations
        os.write(writing, b"\x04" if is_terminal else b"three")
        if not is_terminal:
            os.close(writing)
        assert process.stdout.readlines() == ([] if is_terminal else [b"drei\n"])
        giving_up.cancel()


def test_a_closed_pipe_ends_the_command_quietly(model):
    command = (
        f"yes 'one two' | head -n 3000 | '{sys.executable}' -m translator translate '{model}' | head -n 1"
    )
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout == "zwei eins\n"
    assert done.stderr == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "terminate"])
def test_an_interrupted_command_leaves_no_half_written_file(model, tmp_path, number):
    (tmp_path / "out.txt").write_text("as before\n", encoding="utf-8")
    # A shell without job control starts background commands with Ctrl-C ignored, so it is enabled again.
    program = """if True:
        import signal
        from translator.cli.main import main
        signal.signal(signal.SIGINT, signal.default_int_handler)
        main()
    """
    command = [sys.executable, "-c", program, "translate", str(model), "--output", tmp_path / "out.txt"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True) as process:
        end = time.monotonic() + 100
        while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < end:
            time.sleep(0.1)
        assert len(list(tmp_path.iterdir())) == 2
        process.send_signal(number)
        assert process.wait(timeout=60) == 128 + number
        assert process.stdout.read() == ""
        assert process.stderr.read().strip() == "translator: stopped"
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == "as before\n"


def test_a_named_pipe_can_be_the_input_even_with_a_progress_bar(model, tmp_path):
    pipe, output = tmp_path / "pipe", tmp_path / "output.txt"
    os.mkfifo(pipe)
    terminal, standard_error = pty.openpty()  # so that the progress bar is shown, which would count lines
    with subprocess.Popen(
        [sys.executable, "-m", "translator", "translate", model, "--input", pipe, "--output", output],
        stderr=standard_error,
    ) as process:
        writer = threading.Thread(target=pipe.write_text, args=["one two\n" * 3], daemon=True)
        writer.start()
        try:
            assert process.wait(timeout=100) == 0
        finally:
            process.kill()
    os.close(standard_error)
    os.close(terminal)
    assert output.read_text() == "zwei eins\n" * 3


@pytest.mark.parametrize(
    ("closed", "expected"),
    [("<&-", "zwei eins\n"), (">&-", ""), ("2>&-", "zwei eins\n"), ("<&- >&- 2>&-", "")],
)
def test_standard_streams_may_be_closed(model, closed, expected):
    command = f"'{sys.executable}' -m translator translate '{model}' 'one two' {closed}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")


def test_a_line_that_is_not_utf8_is_named_and_those_before_it_are_translated(model):
    done = subprocess.run(
        [sys.executable, "-m", "translator", "translate", model],
        input=gzip.compress(b"one\n\xff\xfe\nten\n"),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, b"eins\n")
    assert b"standard input, line 2: byte 1 is not valid UTF-8" in done.stderr


def test_windows_line_ends_byte_order_marks_emoji_and_long_lines_are_translated(model):
    lines = [
        "\ufeffone two\r",
        "😀 one 👩‍👩‍👧",
        "one two three " * 1700,
        "\x00\x07",
        "\u2028",
        "e\u0301t\u00e9",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "translator", "translate", model],
        input="\n".join(lines).encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    output = done.stdout.decode().split("\n")
    assert len(output) == len(lines) + 1
    assert output[0] == "zwei eins"
    assert 1000 < len(output[2].split()) < 20_000


def test_the_same_command_resumes_after_a_kill(run, train_command, tmp_path):
    folder = tmp_path / "model"
    train_command = [*train_command, "--set", "training.max_epochs=4"]
    command = [sys.executable, "-m", "translator", *map(str, train_command), "--output", str(folder)]
    log = folder / "training" / "log.jsonl"
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while not (log.exists() and log.read_text().count("\n") >= 2):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    done = run(*train_command, "--output", folder)
    assert done.returncode == 0, done.stderr
    assert "resumed after epoch " in done.stderr
    epochs = [json.loads(line)["epoch"] for line in log.read_text().splitlines()]
    assert epochs[-1] == 4
    assert sorted(set(epochs)) == [1, 2, 3, 4]
    again = run(*train_command, "--output", folder)
    assert again.returncode == 0
    assert "\nepoch " not in again.stderr
    other = run(*train_command, "--output", folder, "--set", "model.units=32")
    assert other.returncode == 1
    assert "model.units was 48 and is now 32" in other.stderr


def test_training_resumes_when_more_epochs_are_allowed(run, train_command, model, tmp_path):
    folder = tmp_path / "model"
    first = run(*train_command, "--output", folder, "--set", "training.max_epochs=1")
    assert first.returncode == 0, first.stderr
    second = run(*train_command, "--output", folder, "--set", "training.max_epochs=2")
    assert "epoch 2, step" in second.stderr
    assert "\nepoch 1, step" not in second.stderr


def test_tensorboard_logs_are_written(run, train_command, tmp_path):
    done = run(
        *train_command,
        *(
            "--output",
            tmp_path / "model",
            "--set",
            "training.max_epochs=1",
            "--tensorboard",
            tmp_path / "logs",
        ),
    )
    assert done.returncode == 0, done.stderr
    assert any(path.name.startswith("events.") for path in (tmp_path / "logs").rglob("*"))
