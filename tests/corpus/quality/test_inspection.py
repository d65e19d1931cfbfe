"""Every problem of a corpus is reported with its lines, and a cleaned corpus has no problems left."""

import json
import random
from pathlib import Path

import pytest
from references.corpora import NAMES, lost_target, read

from translator.config import DataConfig
from translator.corpus.formats.pair_files import PairFiles
from translator.corpus.quality.broken_text import has_markup
from translator.corpus.quality.cleaning import CleanFiles, write_clean
from translator.corpus.quality.inspection import SelectedPairs, inspect_pairs
from translator.corpus.quality.leaks import TestSet
from translator.corpus.quality.survey import has_ordinary_words, survey_pairs
from translator.corpus.readers import Pair, read_pairs
from translator.errors import ConfigError, DataError

SAMPLE = Path(__file__).parents[3] / "data" / "sample"


@pytest.fixture(scope="module")
def sample():
    return read_pairs(SAMPLE / "train.en", SAMPLE / "train.de")[:1500]


@pytest.fixture(scope="module")
def dirty(sample):
    """The sample with one problem of each kind, and the index of each of these pairs."""
    pairs = list(sample)
    problems = {
        "empty": Pair(pairs[10].source, " "),
        "too_long": Pair("word " * 151, "Wort " * 140),
        "lengths_apart": Pair("Yes.", "Das ist " * 10),
        "copied": Pair("This is the same text.", "this is the same  text"),
        "wrong_encoding": Pair("Twelve hens.", "ZwÃ¶lf HÃ¼hner."),
        "replacement_character": Pair("Twelve cats.", "Zw\ufffdlf Katzen."),
        "control_character": Pair("The dog\x07 runs.", "Der Hund rennt."),
        "target_script": Pair("The dog runs there.", "Собака там бежит."),
        "source_wrong_side": Pair(pairs[20].target, "Ja."),
        "target_wrong_side": Pair("Yes.", pairs[21].source),
        "repeated": pairs[5],
        "leaked": Pair("today we read the test sentence", "heute lesen wir den Satz"),
        "markup": Pair("The <b>dog</b> eats.", "Der <b>Hund</b> frisst."),
    }
    indices = {kind: 100 + 50 * number for number, kind in enumerate(problems)}
    for kind, index in indices.items():
        pairs[index] = problems[kind]
    return pairs, indices


@pytest.fixture(scope="module")
def test_sets():
    return [TestSet("test.en, test.de", [Pair("Today, we read the test sentence.", "Heute etwas anderes.")])]


def test_every_problem_is_found_in_its_line(dirty, test_sets):
    pairs, indices = dirty
    report = inspect_pairs(pairs, test_sets).report
    found = {finding.kind: [example.line - 1 for example in finding.examples] for finding in report.findings}
    found.pop("several_targets", None)  # the sample has some
    assert found == {kind: [index] for kind, index in indices.items()}
    assert report.leaks[0].exact == {"source": 0, "target": 0, "pair": 0}
    assert report.leaks[0].normalized == {"source": 1, "target": 0, "pair": 0}
    assert not report.is_clean


def test_the_report_in_words(dirty, test_sets):
    pairs, indices = dirty
    text = str(inspect_pairs(pairs, test_sets).report)
    assert text.startswith("1,500 pairs, ")
    assert "  1 pair repeating an earlier pair\n      line 601 (repeats line 6): " in text
    line = indices["leaked"] + 1
    assert f"line {line} (same source as line 1 of test.en, test.de, except for case, spaces or punct" in text
    assert "test.en, test.de: 1 of 1 source (0 verbatim), 0 of 1 target (" in text
    assert "The dog\ufffd runs. | Der Hund rennt." in text  # no control character reaches the terminal
    assert "worth checking; --clean keeps these pairs:\n" in text
    assert max(map(len, text.splitlines())) < 200


def test_json_has_the_whole_report(dirty, test_sets):
    report = inspect_pairs(dirty[0], test_sets).report
    read_back = json.loads(json.dumps(report.to_dict()))
    assert read_back["pairs"] == 1500
    assert read_back["source"]["scripts"] == ["LATIN"]
    assert {finding["kind"] for finding in read_back["findings"]} >= set(dirty[1])
    assert read_back["stretches"] == []


def test_sizes_equal_those_worked_out_by_hand():
    pairs = [Pair("a b c", "a bb"), Pair("a", "b c d e"), Pair("", "x"), Pair("a b", "y y")]
    report = inspect_pairs(pairs).report
    assert (report.source.words, report.source.characters) == (6, 9)
    assert (report.target.words, report.target.characters) == (9, 15)
    assert (report.source.median, report.source.longest) == (1.5, 3)
    assert report.source.percentile_95 == pytest.approx(2.85)  # between the sorted 0, 1, 2, 3
    assert report.ratio == 1.5
    assert report.fit is None
    assert "there are too few pairs" in str(report)


def test_a_source_with_several_targets_is_not_a_problem():
    pairs = [Pair("run", target) for target in ("laufen", "rennen", "laufen", "Lauf")] + [Pair("go", "gehen")]
    found = {finding.kind: finding for finding in inspect_pairs(pairs).report.findings}
    assert found["several_targets"].count == 3
    assert found["several_targets"].examples[0].note == "3 targets"
    assert not found["several_targets"].dropped
    assert found["repeated"].examples[0].line == 3


def test_lines_that_are_no_pairs_are_reported_with_their_number_and_the_first_of_them(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_bytes(b"a dog\tein Hund\n\nno tab\na c\xe4t\teine Katze\na hen\teine Henne\n")
    report = inspect_pairs(PairFiles(path, None, "en", "de")).report
    reasons = {
        "blank (first in line 2)": 1,
        "with too few columns (first in line 3)": 1,
        "not valid UTF-8 (first in line 4)": 1,
    }
    assert report.pairs == 2
    assert report.skipped == report.to_dict()["skipped"] == reasons
    assert (
        "\nno pairs, and left out of the line numbers below: 1 blank (first in line 2), "
        "1 with too few columns (first in line 3), 1 not valid UTF-8 (first in line 4)\n"
    ) in str(report)


def test_the_limits_are_those_of_training():
    pairs = [Pair("a b c d e f g", "a b c d e f h")]
    findings = inspect_pairs(pairs, config=DataConfig(max_words=6)).report.findings
    assert [str(finding).splitlines()[0] for finding in findings] == ["  1 pair longer than 6 words"]


@pytest.mark.parametrize(
    ("line", "ordinary"),
    [
        ("A dog runs.", True),
        ("a dog runs", True),
        ("图书馆每天早上八点开门", True),
        ("Barack Obama", False),
        ("The Big Lebowski", False),
        ("12.5 %, 1980", False),
        ("see https://example.org/a/page", False),
        ("``import sys as system``", False),
        ("okay", False),
        ("`ls` /usr/bin and_so_on abc2 d@e x\\y", False),
        ("`f`(x_1) a", False),
        ("a dog runs/walks home", True),
    ],
)
def test_only_lines_with_ordinary_words_must_change_in_translation(line, ordinary):
    assert has_ordinary_words(line) is ordinary


def test_the_sample_comes_from_all_of_the_corpus(monkeypatch):
    monkeypatch.setattr("translator.corpus.quality.survey._MAX_SAMPLE", 100)
    sample = survey_pairs([Pair(str(i), "x") for i in range(1000)], 9, 9.0).sample
    numbers = [int(pair.source) for pair in sample]
    assert len(set(numbers)) == 100
    assert 350 < sum(numbers) / 100 < 650


def test_selected_pairs_can_be_read_several_times():
    selected = SelectedPairs(
        [Pair("a", "b"), Pair("c", "d")], inspect_pairs([Pair("", "b"), Pair("c", "d")]).reason_indices < 0
    )
    assert list(selected) == list(selected) == [Pair("c", "d")]


def clean(pairs, folder, test_sets=()):
    files = CleanFiles.in_folder(folder, "en", "de")
    inspection = inspect_pairs(pairs, test_sets)
    return files, write_clean(pairs, inspection, files, test_sets)


def check_clean(pairs, files, cleaning, test_sets=()):
    kept = read_pairs(files.source, files.target)
    dropped = [json.loads(line) for line in files.dropped.read_text(encoding="utf-8").splitlines()]
    assert len(kept) == cleaning.num_kept
    assert len(kept) + len(dropped) == len(pairs)
    assert all((row["source"], row["target"]) == pairs[row["line"] - 1] for row in dropped)
    lines = {row["line"] for row in dropped}
    rest = [Pair(*map(str.strip, pair)) for line, pair in enumerate(pairs, start=1) if line not in lines]
    assert kept == rest
    report = inspect_pairs(PairFiles(files.source, files.target, "en", "de"), test_sets).report
    assert report.is_clean
    assert "no problems found" in str(report)
    return dropped


def test_a_cleaned_sample_has_no_problems(dirty, test_sets, tmp_path):
    pairs, indices = dirty
    files, cleaning = clean(pairs, tmp_path / "new", test_sets)
    dropped = check_clean(pairs, files, cleaning, test_sets)
    expected = {index + 1 for kind, index in indices.items() if kind != "markup"}
    assert {row["line"] for row in dropped} == expected
    assert {row["line"]: row["reason"] for row in dropped}[indices["copied"] + 1] == (
        "whose target is an untranslated copy of the source"
    )
    assert str(cleaning).startswith("1,488 of 1,500 pairs kept; dropped:\n  1 with an empty side\n")
    assert sorted(path.name for path in files.source.parent.iterdir()) == [
        "dropped.jsonl", "kept.de", "kept.en",
    ]  # fmt: skip


def test_a_shifted_stretch_is_dropped(sample, tmp_path):
    moved = lost_target(sample, 1201)
    dropped = check_clean(moved, *clean(moved, tmp_path))
    lines = [row["line"] for row in dropped]
    assert set(range(1210, 1500)) <= set(lines)
    assert min(lines) > 1190
    assert {row["reason"] for row in dropped} == {"in misaligned stretches"}


@pytest.mark.parametrize("name", NAMES)
def test_a_cleaned_real_corpus_has_no_problems(corpora, name, tmp_path):
    pairs = read(corpora, name, 1500)
    files, cleaning = clean(pairs, tmp_path)
    check_clean(pairs, files, cleaning)
    assert cleaning.num_kept > 1470


def test_a_corpus_that_is_not_parallel_is_reported_and_not_cleaned(sample, tmp_path):
    targets = [pair.target for pair in sample]
    random.Random(1).shuffle(targets)
    pairs = [Pair(pair.source, target) for pair, target in zip(sample, targets, strict=True)]
    assert "NOT PARALLEL: " in str(inspect_pairs(pairs).report)
    with pytest.raises(DataError, match=r"are not translations of each other, so no pair would be left$"):
        clean(pairs, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_corpus_without_any_sound_pair_is_an_error(tmp_path):
    with pytest.raises(DataError, match="every pair has a problem, so none would be left; read the report"):
        clean([Pair("", "a")], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_existing_files_are_not_replaced(tmp_path):
    (tmp_path / "dropped.jsonl").write_text("mine")
    with pytest.raises(DataError, match=r"dropped\.jsonl already exists; give --clean a new folder$"):
        CleanFiles.in_folder(tmp_path, "en", "de")


@pytest.mark.parametrize(
    ("languages", "message"),
    [
        (("en", "en"), "both languages are called en; give --from and --to different names"),
        (("en/us", "de"), "'en/us' cannot be part of a file name; give --from and --to simple names"),
    ],
)
def test_languages_that_cannot_end_file_names_are_an_error(tmp_path, languages, message):
    with pytest.raises(ConfigError) as error:
        CleanFiles.in_folder(tmp_path, *languages)
    assert str(error.value) == message


def test_a_long_line_without_spaces_takes_linear_time():
    # A search that starts again at every letter takes quadratic time: more than a day.
    long = 2_000_000
    for line, ordinary in (("图" * long, True), ("a" * long + "/", False), ("<a x=" + " " * long, False)):
        assert has_ordinary_words(line) is ordinary
        assert not has_markup(line)
