"""Splitting a corpus: nothing of the dev and test set is trained on, and no line changes or changes sides."""

from collections import Counter
from itertools import chain

import numpy as np
import pytest

from translator.corpus.quality.leaks import normalize
from translator.corpus.splitting import LinePairs, SplitOptions, split_corpus
from translator.errors import ConfigError, DataError

PAIRS = [(f"Sentence {i}.", f"Satz {i}.") for i in range(600)]


def split(pairs, folder, **options):
    """Splits pairs; returns the pairs of each part, read back from its files, and the outcome."""
    outcome = split_corpus(pairs, folder / "parts", ("en", "de"), SplitOptions(**options))
    parts = {}
    for part in ("train", "dev", "test"):
        paths = [folder / "parts" / f"{part}.{language}" for language in ("en", "de")]
        sides = [path.read_bytes().decode().split("\n")[:-1] for path in paths if path.exists()]
        parts[part] = list(zip(*sides, strict=True))
    return parts, outcome


def sentences(pairs):
    return {(side, normalize(pair[side]) or pair[side]) for pair in pairs for side in (0, 1)}


def test_every_pair_is_in_one_part_and_in_the_order_of_the_corpus(tmp_path):
    parts, outcome = split(PAIRS, tmp_path, num_dev=40, num_test=50)
    assert [len(part) for part in parts.values()] == [510, 40, 50]
    assert outcome.sizes == {"train": 510, "dev": 40, "test": 50}
    assert str(outcome) == "train: 510 pairs\ndev: 40 pairs\ntest: 50 pairs"
    assert sorted(chain(*parts.values())) == sorted(PAIRS)
    for part in parts.values():
        assert part == sorted(part, key=PAIRS.index)
    numbers = [PAIRS.index(pair) for pair in parts["test"]]
    assert min(numbers) < 150 < 450 < max(numbers)


def test_the_seed_decides_what_is_drawn(tmp_path):
    drawn = [
        split(PAIRS, tmp_path / str(number), seed=seed)[0]["test"] for number, seed in enumerate([1, 1, 2])
    ]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize(("num_pairs", "size"), [(600, 30), (25, 1), (3, 1), (40_000, 1000)])
def test_by_default_one_pair_in_twenty_goes_to_each_set_and_1000_at_most(tmp_path, num_pairs, size):
    pairs = [(f"s {i}", f"t {i}") for i in range(num_pairs)]
    assert split(pairs, tmp_path)[1].sizes == {"train": num_pairs - 2 * size, "dev": size, "test": size}


def test_pairs_with_a_sentence_in_common_stay_together(tmp_path):
    random = np.random.default_rng(1)
    pairs = []
    for i in range(400):
        source, target = f"Sentence {i}.", f"Satz {i}."
        pairs += [(source, target)] * random.integers(1, 3)
        if i % 3 == 0:
            pairs += [(source.upper(), f"Anders {i}"), (f"Other {i}", f"anders: {i}!")]
    pairs += [("...", f"Punkte {i}") for i in range(5)]
    pairs = [pairs[i] for i in random.permutation(len(pairs))]
    parts, outcome = split(pairs, tmp_path, num_dev=60, num_test=60)
    assert Counter(chain(*parts.values())) == Counter(pairs)
    assert (len(parts["dev"]), len(parts["test"])) == (60, 60)
    assert outcome.left_out["with a sentence of the test or dev set"] == 0
    for one, other in (("train", "dev"), ("train", "test"), ("dev", "test")):
        assert not sentences(parts[one]) & sentences(parts[other])
    assert any(source.isupper() for source, _ in parts["test"])


def test_a_long_chain_of_pairs_with_a_sentence_in_common_stays_together(tmp_path):
    links = [(f"s {(i + 1) // 2}", f"t {i // 2}") for i in range(500)]
    links = [links[i] for i in np.random.default_rng(1).permutation(len(links))]
    parts, _ = split(links + PAIRS, tmp_path, num_dev=100, num_test=300)
    assert set(links) <= set(parts["train"])
    assert [len(part) for part in parts.values()] == [700, 100, 300]


def test_lines_are_copied_as_they_are(tmp_path):
    odd = [
        ("a\tb", "c\td\te"),
        (" spaces ", "Leer "),
        ('"quoted', "\u2028 x"),
        ("e\u0301", "é\u00a0"),
        ("\x0c.", "!"),
    ]
    pairs = [*odd, *PAIRS[:20]]
    for side, name in enumerate(("all.en", "all.de")):
        text = "".join(f"{pair[side]}\n" for pair in pairs)
        (tmp_path / name).write_bytes(text.encode())
    parts, _ = split(LinePairs(tmp_path / "all.en", tmp_path / "all.de"), tmp_path, num_dev=8, num_test=8)
    assert sorted(chain(*parts.values())) == sorted(pairs)


def test_pairs_with_an_empty_side_are_in_no_part_and_counted(tmp_path):
    pairs = [*PAIRS[:50], ("", "Satz 3."), ("Sentence 4.", " "), ("\u200b", "x"), (" ", "")]
    parts, outcome = split(pairs, tmp_path)
    assert sorted(chain(*parts.values())) == sorted(PAIRS[:50])
    assert str(outcome).endswith("\nleft out: 3 with an empty side")


def test_lines_that_cannot_be_decoded_are_skipped_with_their_partners_and_counted(tmp_path):
    for side, name in enumerate(("all.en", "all.de")):
        lines = [pair[side].encode() for pair in PAIRS[:50]]
        lines[30 + side] = b"\xff"
        (tmp_path / name).write_bytes(b"\n".join(lines) + b"\n")
    parts, outcome = split(LinePairs(tmp_path / "all.en", tmp_path / "all.de"), tmp_path)
    assert sorted(chain(*parts.values())) == sorted([*PAIRS[:30], *PAIRS[32:50]])
    assert str(outcome).endswith("\nleft out: 2 not valid UTF-8 (first in line 31)")


def documents(number, size=10):
    """Documents that all begin with the same greeting and end with a blank line."""
    pairs = []
    for i in range(number):
        pairs += [
            ("Hello!", "Hallo!"),
            *((f"Part {i} {j}", f"Teil {i} {j}") for j in range(1, size)),
            ("", ""),
        ]
    return pairs


def test_whole_documents_are_drawn_and_what_they_share_with_others_is_left_out(tmp_path):
    parts, outcome = split(documents(30), tmp_path, num_dev=25, num_test=45, by_document=True)
    assert [len(part) for part in parts.values()] == [24 * 9, 2 * 9, 4 * 10]
    assert outcome.left_out["with a sentence of the test or dev set"] == 26
    assert str(outcome).endswith("\nleft out: 26 with a sentence of the test or dev set")
    for name, size in (("test", 10), ("dev", 9)):
        by_document = Counter(source.split()[1] for source, _ in parts[name] if source != "Hello!")
        assert set(by_document.values()) == {9}
        assert len(by_document) == len(parts[name]) // size
    assert not sentences(parts["train"]) & sentences(parts["test"])


def test_a_dev_set_of_documents_takes_its_sentences_out_of_the_training_text(tmp_path):
    parts, outcome = split(documents(30), tmp_path, num_dev=25, num_test=0, by_document=True)
    assert [len(part) for part in parts.values()] == [28 * 9, 2 * 10, 0]
    assert outcome.left_out["with a sentence of the test or dev set"] == 28
    assert not (tmp_path / "parts" / "test.en").exists()


@pytest.mark.parametrize(
    ("pairs", "options", "error", "message"),
    [
        (PAIRS[:10], {"num_dev": 5, "num_test": 5}, ConfigError, "leave none of 10 pairs to train on"),
        (
            PAIRS[:1],
            {},
            ConfigError,
            "a dev set of 1 and a test set of 1 pair leave none of 1 pair to train on",
        ),
        (
            PAIRS,
            {"num_dev": 0, "num_test": 0},
            ConfigError,
            "nothing to draw; give --dev-pairs or --test-pairs",
        ),
        (PAIRS, {"by_document": True}, DataError, "nothing separates documents; leave --documents out"),
        (
            documents(9),
            {"num_test": 9, "by_document": True},
            DataError,
            "no document is as small as the .* set",
        ),
        (
            [("a", str(i)) for i in range(99)],
            {},
            DataError,
            "no group of pairs with sentences in common is as",
        ),
        ([("", "x"), ("", "")], {}, DataError, "no pair has text on both sides"),
    ],
)
def test_what_cannot_be_split_is_reported_and_nothing_is_written(tmp_path, pairs, options, error, message):
    with pytest.raises(error, match=message):
        split(pairs, tmp_path, **options)
    assert not (tmp_path / "parts").exists()


def test_no_file_is_replaced(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "dev.de").write_text("mine\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"dev\.de already exists; give --output a new folder"):
        split(PAIRS, tmp_path)
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["dev.de"]


def test_a_corpus_that_changes_while_it_is_split_leaves_no_file(tmp_path):
    class Growing:
        readings = 0

        def __iter__(self):
            self.readings += 1
            return iter(PAIRS[: 100 * self.readings])

    with pytest.raises(ValueError, match="shorter"):
        split(Growing(), tmp_path)
    assert list((tmp_path / "parts").iterdir()) == []
