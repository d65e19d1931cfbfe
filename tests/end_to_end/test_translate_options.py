"""``translator translate`` and ``translator score`` print what each of their options promises."""

import gzip
import json
import sys

import pytest

from translator import load
from translator.cli.main import main
from translator.evaluation.minimum_bayes_risk import choose_by_minimum_bayes_risk


@pytest.fixture
def translator(capsys, monkeypatch):
    """Runs the command line in this process; returns exit status, standard output and standard error."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["translator", *map(str, arguments)])
        with pytest.raises(SystemExit) as ending:
            main()
        captured = capsys.readouterr()
        return ending.value.code, captured.out, captured.err

    return call


def test_n_best_lists_have_scores_and_alignments_on_request(translator, model):
    status, out, err = translator(
        *("translate", model, "--n-best", 3, "--scores", "--alignments", "one two", "ten", " ")
    )
    assert (status, err) == (0, "")
    rows = [line.split("\t") for line in out.splitlines()]
    assert [row[0] for row in rows] == ["1", "1", "1", "2", "2", "2", "3", "3", "3"]
    assert [rows[0][1], rows[3][1]] == ["zwei eins", "zehn"]
    assert rows[6:] == [["3", "", "0.0000", "0.0000", ""]] * 3
    assert rows[0][4] == "1-0 0-1"  # the toy language pair reverses the order
    for row in rows:
        log_probability, score = map(float, row[2:4])
        assert log_probability <= score <= 0
    assert float(rows[0][3]) >= float(rows[1][3]) >= float(rows[2][3])


def test_json_has_all_parts_of_a_translation(translator, model):
    _, out, _ = translator("translate", model, "--json", "--n-best", 2, " one two")
    result = json.loads(out)
    assert (result["source"], result["translation"], result["alignment"]) == (
        " one two",
        "zwei eins",
        "1-0 0-1",
    )
    assert result["tokens"][-1] == result["source_tokens"][-1] == "</s>"
    assert len(result["attention"]) == len(result["tokens"])
    for row in result["attention"]:
        assert len(row) == len(result["source_tokens"])
        assert sum(row) == pytest.approx(1, abs=0.01)
    assert result["alternatives"][0]["score"] <= result["score"]


def test_score_prints_the_log_probabilities_that_search_reports(translator, model, tmp_path, corpus):
    sources = (corpus / "test.en").read_text(encoding="utf-8").splitlines()[:20]
    _, out, _ = translator("translate", model, "--scores", *sources)
    rows = [line.split("\t") for line in out.splitlines()]
    for name, lines in (("source", sources), ("target", [row[0] for row in rows])):
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    arguments = ["score", model, "--source", tmp_path / "source", "--target", tmp_path / "target"]
    status, out, err = translator(*arguments)
    assert (status, err) == (0, "")
    scored = [float(line) for line in out.splitlines()]
    assert scored == pytest.approx([float(row[1]) for row in rows], abs=2e-4)
    _, out, _ = translator(*arguments, "--ensemble", model)
    assert [float(line) for line in out.splitlines()] == pytest.approx(scored, abs=2e-4)


def test_layout_and_columns_of_a_file_are_kept(translator, model, tmp_path):
    with gzip.open(tmp_path / "in.txt.gz", "wt", encoding="utf-8") as file:
        file.write("  one two\n\n   \nten\tone\t\n")
    files = ["--input", tmp_path / "in.txt.gz", "--output", tmp_path / "out.txt.gz"]
    status, out, err = translator("translate", model, "--columns", *files)
    assert (status, out, err) == (0, "", "")
    _, alone, _ = translator("translate", model, "one two", "ten", "one")
    one_two, ten, one = alone.splitlines()
    packed = (tmp_path / "out.txt.gz").read_bytes()
    assert gzip.decompress(packed).decode() == f"  {one_two}\n\n   \n{ten}\t{one}\t\n"


def test_glossary_prefix_and_minimum_bayes_risk_take_effect(translator, model, tmp_path):
    (tmp_path / "terms.tsv").write_text("two\tneun\n", encoding="utf-8")
    _, out, _ = translator("translate", model, "--glossary", tmp_path / "terms.tsv", "one two", "ten")
    first, second = out.splitlines()
    assert "neun" in first.split()
    assert second == "zehn"
    _, out, _ = translator("translate", model, "--prefix", "drei", "one two")
    assert out.startswith("drei ")
    _, out, _ = translator("translate", model, "--minimum-bayes-risk", "--n-best", 3, "one two")
    assert out == "zwei eins\n"


def test_minimum_bayes_risk_gives_one_line_per_sentence_chosen_by_its_function(translator, model, corpus):
    lines = (corpus / "test.en").read_text(encoding="utf-8").splitlines()[:20]
    options = {"sampling": True, "n_best": 6, "temperature": 1.5}
    translations = load(model).translate(lines, **options)
    chosen = [
        choose_by_minimum_bayes_risk([first, *first.alternatives], are_samples=True).text
        for first in translations
    ]
    assert chosen != [first.text for first in translations]
    flags = ["--minimum-bayes-risk", "--sampling", "--n-best", 6, "--temperature", 1.5]
    for more in ([], ["--scores"], ["--alignments"], ["--json"]):
        _, out, err = translator("translate", model, *flags, *more, *lines)
        rows = out.split("\n")[:-1]
        texts = [json.loads(row)["translation"] if more == ["--json"] else row.split("\t")[0] for row in rows]
        assert texts == chosen, (more, err)
    files = ["--source", corpus / "test.en", "--reference", corpus / "test.de"]
    status, out, _ = translator("evaluate", model, *files, *flags, "--json")
    plain = json.loads(translator("evaluate", model, *files, "--json")[1])
    assert status == 0
    assert json.loads(out)["bleu"]["score"] != plain["bleu"]["score"]


def test_sampling_is_repeatable(translator, model):
    arguments = ["translate", model, "--sampling", "--temperature", 5, "--n-best", 4, "one two three"]
    first, again, other = (translator(*arguments, "--seed", seed)[1] for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--columns", "--scores", "one"], 2, "--columns goes with plain output only"),
        (["--input", "some.txt", "one"], 2, "give either TEXT or --input, not both"),
        (
            ["--minimum-bayes-risk", "--n-best", "3", "--backward", "x", "one"],
            2,
            "--backward and --minimum-bayes-risk both choose the translation: leave one out",
        ),
        (
            ["--minimum-bayes-risk", "--n-best", "3", "--right-to-left", "x", "one"],
            2,
            "--right-to-left and --minimum-bayes-risk both choose the translation: leave one out",
        ),
        (["--right-to-left", "any", "--beam-size", "1", "one"], 2, "--right-to-left chooses among several"),
        (["--right-to-left", "nothing", "one"], 1, "nothing: no model here"),
        (["--output", "/", "one"], 1, "/: cannot be written (Is a directory)"),
        (["--minimum-bayes-risk", "one"], 2, "--minimum-bayes-risk chooses among several translations"),
        (["--top-k", "5", "one"], 2, "--top-k is for sampling: add --sampling"),
        (
            ["--sampling", "--beam-size", "3", "one"],
            2,
            "--beam-size is for beam search, not for --sampling: leave one out",
        ),
        (["--backward", "any", "--beam-size", "1", "one"], 2, "give a larger --beam-size"),
        (["--backward", "any", "--sampling", "one"], 2, "give a larger --n-best"),
        (["caf\udce9"], 1, "not valid Unicode; give text in UTF-8"),
        (["--prefix", "caf\udce9", "one"], 1, "not valid Unicode; give text in UTF-8"),
        (["--beam-size", "0", "one"], 1, "--beam-size: 0 is outside 1 to 1000"),
        (["--n-best", "9", "one"], 1, "--n-best: 9 is more than the beam size, 5"),
        (["--input", "nothing.txt"], 1, "nothing.txt: cannot be read (No such file or directory)"),
        (["--glossary", "nothing.tsv", "one"], 1, "nothing.tsv: cannot be read"),
        (["--ensemble", "nothing", "one"], 1, "nothing: no model here"),
        (["--backward", "nothing", "one"], 1, "nothing: no model here"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_arguments_give_a_message_and_no_output(translator, model, arguments, status, message):
    code, out, err = translator("translate", model, *arguments)
    assert (code, out) == (status, "")
    assert message in err
    assert "Traceback" not in err


def test_a_failure_leaves_no_half_written_output(translator, model, tmp_path):
    (tmp_path / "in.txt").write_bytes(b"one\n\xff\n")
    (tmp_path / "out.txt").write_text("old\n", encoding="utf-8")
    status, _, err = translator(
        *("translate", model, "--input", tmp_path / "in.txt", "--output", tmp_path / "out.txt")
    )
    assert status == 1
    assert "in.txt, line 2: byte 1 is not valid UTF-8" in err
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == "old\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.txt", "out.txt"]
