"""An exported model, used by programs that do not import this package."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import sentencepiece
import tensorflow as tf
import tensorflow_text  # noqa: F401

import translator
from translator.serving import export as export_module

EXAMPLES = Path(export_module.__file__).with_name("examples")
TENSORFLOW = Path(tf.__file__).parent


def run_app(*arguments, standard_input=None):
    """Runs a program in its own process, outside the checkout, and returns its standard output."""
    done = subprocess.run(
        [*map(str, arguments)],
        input=standard_input,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sentences(corpus):
    return (corpus / "test.en").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def expected(run, model, corpus):
    text = (corpus / "test.en").read_text(encoding="utf-8")
    return run("translate", model, standard_input=text).stdout.splitlines()


@pytest.fixture(scope="module")
def exported(run, model, tmp_path_factory):
    """The folders of a text form and a token form, made from a copy that is gone, moved and read-only."""
    folder = tmp_path_factory.mktemp("exported")
    copy = folder / "model"
    shutil.copytree(model, copy)
    for name, options in (("text", []), ("tokens", ["--tokens"])):
        done = run("export", copy, folder / "made" / name, *options)
        assert done.returncode == 0, done.stderr
        assert done.stdout == ""
        assert f"{name}/1: " in done.stderr
    shutil.rmtree(copy)
    moved = folder / "moved"
    (folder / "made").rename(moved)
    for path in moved.rglob("*"):
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    yield moved
    for path in moved.rglob("*"):
        path.chmod(path.stat().st_mode | stat.S_IWUSR)


def test_the_python_app_translates_as_the_command_line_does(exported, sentences, expected):
    output = run_app(sys.executable, EXAMPLES / "app.py", exported / "text" / "1", *sentences)
    assert output.splitlines() == expected


def test_the_app_does_not_import_this_package(exported):
    app = (EXAMPLES / "app.py").read_text(encoding="utf-8")
    seen = "\nassert not any(name.split('.')[0] == 'translator' for name in sys.modules), 'ours'"
    assert run_app(sys.executable, "-c", app + seen, exported / "text" / "1", "one two")
    code_lines = [line for line in app.splitlines() if line and not line.startswith('"""')]
    assert len(code_lines) <= 10


def test_without_tensorflow_text_the_error_names_what_readme_names(exported):
    load = f"import tensorflow as tf; tf.saved_model.load({str(exported / 'text' / '1')!r})"
    done = subprocess.run([sys.executable, "-c", load], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert re.search(r"Op type not registered 'Sentencepiece\w*Op'", done.stderr)
    readme = (exported / "text" / "1" / "README.md").read_text(encoding="utf-8")
    assert (
        "import tensorflow_text  # without this line: Op type not registered 'Sentencepiece...Op'" in readme
    )


def test_saved_model_cli_runs_a_signature(exported, expected, sentences):
    folder = exported / "text" / "1"
    tool = "import tensorflow_text; from tensorflow.python.tools.saved_model_cli import main; main()"
    arguments = ["run", "--dir", folder, "--tag_set", "serve", "--signature_def", "serving_default"]
    inputs = ["--input_exprs", f"text=[{sentences[0]!r}]"]
    output = run_app(sys.executable, "-c", tool, *arguments, *inputs)
    assert "Result for output key translation:" in output
    assert repr(expected[0].encode()) in output


def test_serving_takes_the_request_of_the_rest_client(exported, expected, sentences):
    """The server's binary is in no package registry: its documented request meets the signature here."""
    signatures = tf.saved_model.load(str(exported / "text" / "1")).signatures

    class Server(BaseHTTPRequestHandler):
        def do_POST(self):
            assert self.path == "/v1/models/translator:predict"
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            inputs = {name: tf.constant(value) for name, value in request["inputs"].items()}
            found = signatures[request["signature_name"]](**inputs)
            outputs = {
                name: [value.decode() if isinstance(value, bytes) else float(value) for value in part.numpy()]
                for name, part in found.items()
            }
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"outputs": outputs}).encode())

        def log_message(self, *_):
            pass

    class Listener(ThreadingHTTPServer):
        request_queue_size = 128  # the client calls many times at once; on a busy machine five would not do

    server = Listener(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/v1/models/translator"
        text = "".join(f"{line}\n" for line in sentences)
        output = run_app(sys.executable, EXAMPLES / "rest_client.py", url, standard_input=text)
    finally:
        server.shutdown()
        server.server_close()
    assert output.splitlines() == expected


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler, cc")
def test_the_c_program_translates_ids(exported, sentences, expected, tmp_path):
    folder, program = exported / "tokens" / "1", tmp_path / "translate"
    libraries = ["-l:libtensorflow_cc.so.2", "-l:libtensorflow_framework.so.2", f"-Wl,-rpath,{TENSORFLOW}"]
    paths = [f"-I{TENSORFLOW / 'include'}", f"-L{TENSORFLOW}"]
    source = EXAMPLES / "translate.c"
    run_app("cc", "-Wall", "-Werror", source, *paths, *libraries, "-o", program)
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    for sentence, translation in list(zip(sentences, expected, strict=True))[:3]:
        ids, score = run_app(program, folder, *tokenizer.encode(sentence)).splitlines()
        assert tokenizer.decode([int(word) for word in ids.split()]) == translation
        assert float(score.split()[1]) < 0
    done = subprocess.run([program, exported, "1"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Could not find SavedModel" in done.stderr


def test_the_token_form_needs_no_operation_but_tensorflows(exported, sentences, expected):
    folder = exported / "tokens" / "1"
    code = (
        "import sys, sentencepiece, tensorflow as tf\n"
        "tokenizer = sentencepiece.SentencePieceProcessor(model_file=sys.argv[1] + '/tokenizer.model')\n"
        "translate = tf.saved_model.load(sys.argv[1]).signatures['serving_default']\n"
        "found = translate(source_ids=tf.constant([tokenizer.encode(sys.argv[2])]))\n"
        "print(tokenizer.decode(found['target_ids'][0, : found['length'][0]].numpy().tolist()))\n"
        "assert 'tensorflow_text' not in sys.modules\n"
    )
    assert run_app(sys.executable, "-c", code, folder, sentences[0]).splitlines() == expected[:1]


def test_the_folder_explains_itself(exported):
    for form, call in (("text", 'text=tf.constant(["A sentence."])'), ("tokens", "source_ids=tf.constant(")):
        folder = exported / form / "1"
        assert call in (folder / "README.md").read_text(encoding="utf-8")
        card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
        assert "| languages | from en to de |" in card
        assert "on the dev set of the training" in card
        assert "| licence | not stated" in card
        assert "{" not in card
    assert (exported / "text" / "1" / "assets.extra" / "tf_serving_warmup_requests").stat().st_size > 0
    assert not (exported / "tokens" / "1" / "assets.extra").exists()


@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_smaller_weights_and_what_they_cost(run, model, corpus, exported, tmp_path, precision):
    files = ["--source", corpus / "test.en", "--reference", corpus / "test.de"]
    options = ["--quantize", precision, *files, "--licence", "CC0"]
    done = run("export", model, tmp_path / "7", *options)
    assert done.returncode == 0, done.stderr
    size, as_exported, as_trained = done.stderr.splitlines()
    assert size.startswith(f"{tmp_path / '7'}: ")
    assert "BLEU" in as_exported
    assert "BLEU" in as_trained
    variables = "variables/variables.data-00000-of-00001"
    share = (tmp_path / "7" / variables).stat().st_size / (exported / "text" / "1" / variables).stat().st_size
    assert share < {"float16": 0.55, "int8": 0.35}[precision]
    card = (tmp_path / "7" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"stored as {precision}" in card
    assert "| licence | CC0 |" in card
    assert "on 60 lines of test.en" in card


def test_what_cannot_be_exported_is_reported_in_one_line(run, model, tmp_path):
    def refusal(*arguments):
        done = run("export", *arguments)
        assert done.returncode in (1, 2)
        assert "Traceback" not in done.stderr
        return done.stderr.strip().splitlines()[-1]

    assert "no model here" in refusal(tmp_path / "nothing", tmp_path / "out")
    (tmp_path / "there" / "1").mkdir(parents=True)
    assert "already exists; remove it, or give another version" in refusal(model, tmp_path / "there")
    (tmp_path / "file").write_text("")
    assert "cannot be written" in refusal(model, tmp_path / "file" / "out")
    assert "give --source and --reference together" in refusal(model, tmp_path / "out", "--source", "x")
    assert not (tmp_path / "out").exists()
    with pytest.raises(translator.ConfigError, match="BLEU needs both source and reference"):
        translator.export(model, tmp_path / "out", source="x")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_reported_in_one_line(run, model, tmp_path):
    tmp_path.chmod(0o500)
    done = run("export", model, tmp_path / "out")
    tmp_path.chmod(0o700)
    assert done.returncode == 1
    assert "cannot be written (Permission denied)" in done.stderr
