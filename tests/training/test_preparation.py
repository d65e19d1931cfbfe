"""Before the first step: which text is trained on, and when files that are there are used again."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from references.toy import WORDS, copied, toy_pairs, write

import translator.training.training_pairs as module
from translator.config import Config
from translator.corpus.dictionary_table import read_dictionary_table
from translator.corpus.quality.leaks import normalize
from translator.corpus.readers import Pair
from translator.corpus.tokenizer import Tokenizer
from translator.errors import ConfigError, DataError, ModelError
from translator.model_folder import (
    checkpoint_path,
    corpus_path,
    dictionary_path,
    load_config,
    previous_checkpoint_path,
    tokenizer_path,
    weights_path,
)
from translator.recipes import RECIPES
from translator.training.checkpoint import TrainingState, save_checkpoint
from translator.training.corpus_files import CorpusFiles, ParallelText
from translator.training.job import TrainingJob
from translator.training.preparation import check_folder, prepare
from translator.training.training_pairs import CorpusCounts

PAIRS = toy_pairs(400, longest=12)
DEV = toy_pairs(30, seed=9, shortest=4)  # none of its sentences is in the text
SETTINGS = {"tokenizer.vocabulary_size": 320}


@pytest.fixture
def files(tmp_path):
    dev = write(tmp_path, "dev", DEV)
    return CorpusFiles([write(tmp_path, "train", PAIRS)], dev)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "model"


def prepared(files, folder, settings=SETTINGS, initial=None):
    """Returns what is prepared, and the lines for the user."""
    lines = []
    job = TrainingJob(files, folder, settings, initial, report=lines.append)
    return prepare(job), lines


def text_of(found, part=0):
    """Returns the pairs of a part as they are read back, without spaces at the ends."""
    start = sum(found.corpus.parts[:part])
    rows = [found.corpus[i] for i in range(start, start + found.corpus.parts[part])]
    sides = (found.tokenizer.decode([row[side].tolist() for row in rows]) for side in (0, 1))
    return list(zip(*sides, strict=True))


def pretend_it_was_trained(folder, found):
    state = TrainingState(corpus=found.corpus.fingerprint)
    save_checkpoint(checkpoint_path(folder), previous_checkpoint_path(folder), state, [])


@pytest.fixture
def no_reading(monkeypatch):
    """Makes a function that forbids to read the text from then on."""

    def forbid():
        def read(*arguments):
            raise AssertionError("the text is read again")

        monkeypatch.setattr(module, "FilteredCorpus", read)

    return forbid


def test_the_text_is_written_as_tokens_in_order_and_without_repetitions(files, folder):
    found, lines = prepared(files, folder)
    expected = list(dict.fromkeys(tuple(pair) for pair in PAIRS))
    assert text_of(found) == expected
    assert found.num_pairs == len(expected)
    assert found.dev == DEV
    repeated = 400 - len(expected)
    assert lines[0] == f"corpus: {len(expected)} of 400 pairs kept; dropped: {repeated} repeated"


def test_the_translations_for_the_dictionary_are_counted_where_the_network_has_one(files, tmp_path):
    prepared(files, tmp_path / "without", SETTINGS | {"model.dictionary": 0})
    assert not dictionary_path(tmp_path / "without").exists()
    found, _ = prepared(files, tmp_path / "with", SETTINGS | {"model.dictionary": 2})
    size = found.tokenizer.vocabulary_size
    table = read_dictionary_table(dictionary_path(tmp_path / "with"), size, 2)
    pairs = list(dict.fromkeys(tuple(pair) for pair in PAIRS))
    token_ids = found.tokenizer.encode([source for source, _ in pairs])
    np.testing.assert_array_equal(table.counts, np.bincount(np.concatenate(token_ids), minlength=size))
    whole = [ids[0] for ids in found.tokenizer.encode(WORDS) if len(ids) == 1]
    assert len(whole) > len(WORDS) / 2
    for token_id in whole:  # each is its own translation
        assert table.translations[token_id, 0] == token_id
        assert table.shares[token_id, 0] > 2 * table.shares[token_id, 1]


@pytest.mark.parametrize("trained", [False, True])
def test_a_second_run_prepares_nothing_again(files, folder, no_reading, trained):
    found, lines = prepared(files, folder)
    if trained:
        pretend_it_was_trained(folder, found)
    no_reading()
    again, same_lines = prepared(files, folder)
    assert same_lines == lines
    assert (again.config, again.dev, again.num_pairs) == (found.config, found.dev, found.num_pairs)
    assert text_of(again) == text_of(found)


def test_held_out_pairs_are_not_trained_on_and_stay_the_same(tmp_path, folder, no_reading):
    # Other translations of every source, and of every target, which must not reveal the dev set either.
    pairs = [*PAIRS, *(pair._replace(target=f"{pair.target} ada") for pair in PAIRS)]
    pairs += [Pair(f"{pair.source} ada", f"{pair.target.upper()}.") for pair in PAIRS]
    files = CorpusFiles([write(tmp_path, "train", pairs)])
    found, lines = prepared(files, folder)
    kept = list(dict.fromkeys(map(tuple, pairs)))
    assert len(found.dev) == len(kept) // 20
    hidden = [{normalize(pair[side]) for pair in found.dev} for side in (0, 1)]
    expected = [pair for pair in kept if not any(normalize(pair[i]) in hidden[i] for i in (0, 1))]
    assert text_of(found) == expected
    assert found.num_pairs == len(expected)
    more = len(kept) - len(expected) - len(found.dev)
    assert more > 20
    held_out = f"{len(found.dev)} pairs held out of the corpus, since none was given"
    assert f"dev set: {held_out}; {more} more with one of their sentences left out" in lines
    assert found.counts[0].dropped["with a sentence of the dev set"] == more + len(found.dev)
    no_reading()
    assert prepared(files, folder)[0].dev == found.dev


def test_the_pairs_of_a_dev_set_that_are_in_the_training_text_are_not_trained_on(tmp_path, folder):
    dev = write(tmp_path, "dev", [*DEV, *toy_pairs(3, seed=4, shortest=5)])
    copies = [
        *DEV[:10],
        *(Pair(pair.source.upper(), f"{pair.target}!") for pair in DEV[:20]),
        Pair("ada bob ada bob", DEV[20].target),
        Pair(DEV[21].source, "ada bob ada bob"),
    ]
    with_copies = CorpusFiles([write(tmp_path, "train", [*PAIRS, *copies])], dev)
    found, lines = prepared(with_copies, folder)
    assert text_of(found) == list(dict.fromkeys(map(tuple, PAIRS)))
    assert found.num_pairs == len(set(PAIRS))
    assert len(found.dev) == 33
    assert lines[1] == (
        "dev set: 22 of 33 pairs with a sentence that is in the training text, too; "
        "32 training pairs with one of them left out"
    )
    assert found.counts[0].dropped["with a sentence of the dev set"] == 32
    hidden = {side for pair in copies for side in pair}
    sample = module.TrainingPairs(with_copies, found.dev, Config(), lines.append).sample
    assert not hidden & {side for pair in sample for side in pair}


def test_a_dev_set_that_is_all_of_the_training_text_is_refused(tmp_path, folder):
    text = write(tmp_path, "train", PAIRS)
    with pytest.raises(DataError, match="no pair is left to train on; see the reasons above"):
        prepared(CorpusFiles([text], text), folder)


def test_a_right_to_left_model_learns_from_reversed_targets(tmp_path, files, folder):
    mix = write(tmp_path, "mix", toy_pairs(50, copied, seed=3))
    settings = SETTINGS | {"model.right_to_left": True, "data.mixed_share": 0.5, "model.dictionary": 2}
    found, _ = prepared(CorpusFiles(files.train, mix=mix), folder, settings)
    left_to_right, _ = prepared(CorpusFiles(files.train, mix=mix), tmp_path / "left_to_right")
    reversed_text = [
        [(source, " ".join(reversed(target.split()))) for source, target in text_of(left_to_right, part)]
        for part in (0, 1)
    ]
    assert [text_of(found, part) for part in (0, 1)] == reversed_text
    assert found.dev == left_to_right.dev  # not reversed
    assert all(
        source == target for source, target in reversed_text[0]
    )  # the toy language reverses its sentences
    aligned = [[index for index in found.corpus[i].alignment if index >= 0] for i in range(200)]
    assert sum(indices == sorted(indices) for indices in aligned) > 190


def test_the_direction_of_writing_is_inherited_from_the_initial_model(files, folder, tmp_path):
    settings = SETTINGS | {"model.right_to_left": True}
    first, _ = prepared(files, folder, settings)
    weights_path(folder).write_bytes(b"weights")
    tuned, _ = prepared(files, tmp_path / "tuned", {}, initial=folder)
    assert tuned.config.model.right_to_left
    assert text_of(tuned) == text_of(first)
    with pytest.raises(ConfigError, match=r"model\.right_to_left is True there"):
        prepared(files, tmp_path / "other", {"model.right_to_left": False}, initial=folder)


def test_a_dev_set_that_is_given_later_makes_other_text(tmp_path, files, folder):
    without = CorpusFiles(files.train)
    found, _ = prepared(without, folder)
    pretend_it_was_trained(folder, found)
    with pytest.raises(ModelError, match="holds a training on other text"):
        prepared(files, folder)


def test_pairs_to_mix_in_are_a_part_of_their_own(tmp_path, files, folder):
    mixed = [("a b", "b a"), ("ada", "bob"), ("ada", "bob"), ("", "x")]
    both = CorpusFiles(files.train, files.dev, write(tmp_path, "mix", mixed))
    found, lines = prepared(both, folder)
    assert found.corpus.weights == [1.0, None]
    assert text_of(found, 1) == mixed[:2]
    assert lines[1] == "to mix in: 2 of 4 pairs kept; dropped: 1 with an empty side, 1 repeated"
    pretend_it_was_trained(folder, found)
    write(tmp_path, "mix", mixed[1:])
    with pytest.raises(ModelError, match="holds a training on other text"):
        prepared(both, folder)
    with pytest.raises(ModelError, match="holds a training on other text"):
        prepared(files, folder)


def test_held_out_pairs_are_not_mixed_in(tmp_path, files):
    without = CorpusFiles(files.train, None, write(tmp_path, "mix", [*PAIRS, ("zoe", "ute")]))
    chosen = module.TrainingPairs(without, None, Config(), lambda line: None)
    hidden = {pair.source for pair in chosen.dev}
    sources = [pair.source for pair in chosen.sample]
    assert hidden
    assert not hidden & set(sources)
    assert sources[-1] == "zoe"


def test_several_corpora_have_weights_and_share_a_tokenizer_and_a_held_out_dev_set(tmp_path, folder):
    one, other = write(tmp_path, "one", PAIRS[:200]), tmp_path / "other.tsv"
    other.write_text("".join(f"{source}\t{target}\n" for source, target in PAIRS[200:]), encoding="utf-8")
    files = CorpusFiles([one, ParallelText(other, weight=0.25)])
    found, lines = prepared(files, folder)
    assert lines[0].startswith(f"{one.source} and {one.target}: ")
    assert lines[1].startswith(f"{other}: ")
    assert found.corpus.weights == [1.0, 0.25]
    hidden = {pair.source for pair in found.dev}
    assert hidden & {pair.source for pair in PAIRS[:200]}
    assert hidden & {pair.source for pair in PAIRS[200:]}
    for part, pairs in enumerate((PAIRS[:200], PAIRS[200:])):
        expected = [pair for pair in dict.fromkeys(map(tuple, pairs)) if pair[0] not in hidden]
        assert text_of(found, part) == expected
    assert found.num_pairs == sum(found.corpus.parts)
    pretend_it_was_trained(folder, found)
    with pytest.raises(ModelError, match="holds a training on other text"):
        prepared(CorpusFiles([one, ParallelText(other, weight=0.5)]), folder)


def test_other_text_is_prepared_anew_unless_there_is_a_training_on_the_first(tmp_path, files, folder):
    found, _ = prepared(files, folder)
    write(tmp_path, "train", PAIRS[:300])
    other, _ = prepared(files, folder)
    assert other.corpus.fingerprint != found.corpus.fingerprint
    assert len(text_of(other)) < len(text_of(found))
    pretend_it_was_trained(folder, other)
    write(tmp_path, "train", PAIRS)
    message = "other text, with other languages or weights, with another dev set or from another initial"
    with pytest.raises(ModelError, match=message):
        prepared(files, folder)


def test_a_training_is_not_resumed_with_another_dev_set(tmp_path, files, folder):
    found, _ = prepared(files, folder)
    write(tmp_path, "dev", toy_pairs(30, seed=10))
    other, _ = prepared(files, folder)
    assert other.dev != found.dev
    pretend_it_was_trained(folder, other)
    write(tmp_path, "dev", DEV)
    with pytest.raises(ModelError, match="with another dev set"):
        prepared(files, folder)


def test_settings_may_change_until_the_first_step(files, folder):
    prepared(files, folder)
    found, _ = prepared(files, folder, {"tokenizer.vocabulary_size": 310, "model.units": 64})
    assert found.tokenizer.vocabulary_size == Tokenizer.load(tokenizer_path(folder)).vocabulary_size == 310
    assert load_config(folder).model.units == 64
    pretend_it_was_trained(folder, found)
    with pytest.raises(ConfigError, match="holds a training with other settings"):
        prepared(files, folder)


def test_a_model_without_its_training_folder_is_not_overwritten(files, folder):
    prepared(files, folder)
    weights_path(folder).write_bytes(b"of a training that took days")
    shutil.rmtree(corpus_path(folder).parent)
    with pytest.raises(ModelError, match="holds a model whose training folder is gone"):
        prepared(files, folder)
    assert weights_path(folder).read_bytes() == b"of a training that took days"


def test_a_pair_too_long_for_training_is_not_aligned(tmp_path, folder):
    blob = "x0y1z2" * 20_000  # one word of more tokens than fit into memory to be aligned
    files = CorpusFiles([write(tmp_path, "train", [*PAIRS, Pair(blob, blob)])])
    found, _ = prepared(files, folder)
    assert max(found.corpus.lengths.max(axis=1)) <= found.config.data.max_tokens


def test_token_files_that_were_removed_are_written_again_with_the_same_tokenizer(files, folder):
    found, _ = prepared(files, folder)
    tokenizer = tokenizer_path(folder).read_bytes()
    pretend_it_was_trained(folder, found)
    before = {path.name: path.read_bytes() for path in corpus_path(folder).iterdir()}
    (corpus_path(folder) / "index.json").write_text("{")
    again, _ = prepared(files, folder)
    assert tokenizer_path(folder).read_bytes() == tokenizer
    assert text_of(again) == text_of(found)
    assert {path.name: path.read_bytes() for path in corpus_path(folder).iterdir()} == before


def test_alignments_are_written_if_training_is_guided_by_them(files, tmp_path):
    assert prepared(files, tmp_path / "guided")[0].corpus.has_alignments
    settings = SETTINGS | {"training.guided_alignment": 0.0}
    assert not prepared(files, tmp_path / "unguided", settings)[0].corpus.has_alignments


def test_the_whole_corpus_is_aligned(tmp_path):
    """Each word is copied to the same position; most alignments must show that."""
    files = CorpusFiles([write(tmp_path, "train", toy_pairs(400, copied, longest=12))])
    found, _ = prepared(files, tmp_path / "model")
    links = [found.corpus[number].alignment for number in range(found.corpus.parts[0])]
    right = sum(int((row == np.arange(len(row))).sum()) for row in links)
    assert right > 0.9 * sum(map(len, links)) > 1000


def test_a_corpus_of_nothing_but_held_out_pairs_is_refused(tmp_path, folder):
    files = CorpusFiles([write(tmp_path, "train", [("one", "eins")] * 5)])
    with pytest.raises(DataError, match="only 1 pair is left after filtering; training needs at least a few"):
        prepared(files, folder)
    files = CorpusFiles([write(tmp_path, "train", [("one", "")] * 5)])
    with pytest.raises(DataError, match="no pair is left after filtering"):
        prepared(files, folder)
    files = CorpusFiles([write(tmp_path, "train", [("one", "eins"), ("one", "einer")])])
    with pytest.raises(DataError, match="no pair is left to train on; see the reasons above"):
        prepared(files, folder)


def test_no_recipe_decides_which_pairs_are_dropped():
    """The text is filtered before its size, and so its recipe, is known."""
    paths = {path for recipe in RECIPES for path, _, _ in recipe.settings}
    assert not paths & {"data.max_words", "data.max_ratio"}


def test_dropped_pairs_are_counted_per_corpus_and_the_counts_are_kept(tmp_path, files, folder, no_reading):
    mixed = write(tmp_path, "mix", [("ada", "bob"), ("ada", "bob"), ("", "x")])
    both = CorpusFiles(files.train, files.dev, mixed)
    found, _ = prepared(both, folder)
    repeated = len(PAIRS) - len(set(PAIRS))
    expected = [
        CorpusCounts(str(files.train[0]), 400, {"repeated": repeated}),
        CorpusCounts(str(mixed), 3, {"repeated": 1, "with an empty side": 1}),
    ]
    assert found.counts == expected
    no_reading()
    assert prepared(both, folder)[0].counts == expected


def test_text_that_an_earlier_version_prepared_has_no_counts(files, folder, no_reading):
    found, _ = prepared(files, folder)
    path = corpus_path(folder) / "index.json"
    index = json.loads(path.read_text(encoding="utf-8"))["index"]
    del index["counts"]
    checksum = hashlib.sha256(json.dumps(index).encode()).hexdigest()
    path.write_text(json.dumps({"checksum": checksum, "index": index}), encoding="utf-8")
    no_reading()
    again, _ = prepared(files, folder)
    assert again.counts == []
    assert text_of(again) == text_of(found)


def test_the_vocabulary_of_a_teacher_is_taken_over_without_its_weights(files, folder, tmp_path):
    other = CorpusFiles([write(tmp_path, "other", toy_pairs(300, seed=3, longest=4))], files.dev)
    other_model, _ = prepared(other, tmp_path / "other")
    found = prepare(TrainingJob(files, folder, SETTINGS, diversify=True, teacher=tmp_path / "other"))
    assert (
        found.tokenizer.model == other_model.tokenizer.model == Tokenizer.load(tokenizer_path(folder)).model
    )
    assert text_of(found) == [(pair.source, pair.target) for pair in dict.fromkeys(PAIRS)]
    alone, _ = prepared(files, tmp_path / "alone")
    assert alone.tokenizer.model != other_model.tokenizer.model


def test_pairs_with_too_many_tokens_are_reported_in_every_run(tmp_path, files, folder):
    write(tmp_path, "train", [*PAIRS, ("a dog " + "zq" * 300, "ein Hund")])
    for _ in range(2):
        found, lines = prepared(files, folder)
        assert "left out: 1 with more than 200 tokens on one side" in lines
        assert found.corpus.parts == [found.num_pairs - 1]


def test_a_folder_where_a_training_was_killed_early_can_be_used(tmp_path):
    for name in ("model/training/lock", "model/.unfinished-0a-config.json", "seeds/seed-1/training/lock"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    check_folder(tmp_path / "model")
    check_folder(tmp_path / "seeds")
    for other in ("lock", "training/notes.txt", "training/lock/x"):
        path = tmp_path / "other" / other
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        with pytest.raises(ModelError, match="holds other files and no model"):
            check_folder(tmp_path / "other")
        shutil.rmtree(tmp_path / "other")


@pytest.mark.parametrize("source", ["", "  ", "\u200f", "\u2066 \u2069"])
def test_a_dev_set_whose_sources_nobody_sees_is_reported(tmp_path, source):
    (tmp_path / "dev.tsv").write_text(f"{source}\tein Hund\n", encoding="utf-8")
    with pytest.raises(DataError, match="holds only blank lines; give a dev set, or leave it out"):
        module.read_dev(ParallelText(tmp_path / "dev.tsv"), Config())
