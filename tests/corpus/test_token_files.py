"""The tokenized corpus on disk: every pair is read back, and damage is reported."""

import json
import os
import random
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from references.toy import WORDS, toy_pairs

import translator.corpus.filters as filters
import translator.corpus.token_files as module
from translator.corpus.readers import Pair
from translator.corpus.token_files import TokenFiles, fingerprint, read_index, write_token_files
from translator.corpus.tokenizer import Tokenizer, train_tokenizer
from translator.errors import DataError, ModelError

PAIRS = toy_pairs(500, longest=20)


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(WORDS, 400)


class Shifted:
    """Aligns every target token to the source token one position before it."""

    def align(self, sources, targets):
        return [np.arange(len(target), dtype=np.int32) - 1 for target in targets]


@pytest.fixture
def small_shards(monkeypatch):
    monkeypatch.setattr(filters, "_PAIRS_PER_BLOCK", 7)
    monkeypatch.setattr(module, "_BLOCKS_PER_SHARD", 9)


def written(folder, tokenizer, *parts, max_tokens=200, aligner=None, text="abc"):
    weights = [1.0, *[None] * (len(parts) - 1)]

    def extra_entries(num_too_long):
        return {"more": [1, "ä"], "long": num_too_long}

    write_token_files(
        folder,
        map(filters.split_into_blocks, parts),
        tokenizer,
        max_tokens,
        aligner,
        text,
        weights,
        extra_entries,
    )
    return TokenFiles(folder)


def expected_of(tokenizer, pairs):
    return list(zip(*(tokenizer.encode([pair[side] for pair in pairs]) for side in (0, 1)), strict=True))


@pytest.mark.parametrize("aligner", [None, Shifted()], ids=["plain", "aligned"])
def test_every_pair_of_every_shard_is_read_back(tokenizer, tmp_path, small_shards, aligner):
    files = written(tmp_path, tokenizer, PAIRS[:300], [], PAIRS[300:], aligner=aligner)
    assert files.parts == [300, 0, 200]
    assert files.weights == [1.0, None, None]
    assert files.has_alignments == (aligner is not None)
    assert len(list(tmp_path.glob("*.pieces.npy"))) == 5 + 4
    expected = expected_of(tokenizer, PAIRS)
    assert files.lengths.tolist() == [[len(source), len(target)] for source, target in expected]
    numbers = list(range(500))
    random.Random(3).shuffle(numbers)
    for number in numbers:
        source, target, alignment = files[number]
        assert (source.tolist(), target.tolist()) == expected[number]
        if aligner is None:
            assert alignment is None
        else:
            assert alignment.tolist() == list(range(-1, len(target) - 1))


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (3, 3), (500, 16)])
def test_as_many_threads_tokenize_as_there_are_cores_to_use(tokenizer, tmp_path, monkeypatch, cores, threads):
    made = []

    class Recorded(ThreadPoolExecutor):
        def __init__(self, max_workers):
            made.append(max_workers)
            super().__init__(max_workers)

    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(cores)), raising=False)
    monkeypatch.setattr(module, "ThreadPoolExecutor", Recorded)
    blocks = filters.split_into_blocks(toy_pairs(10))
    write_token_files(tmp_path / "corpus", [blocks], tokenizer, 200, None, "toy", [1.0])
    assert made == [threads]


def test_pairs_with_either_side_too_long_are_left_out(tokenizer, tmp_path, small_shards):
    long = Pair("ada bob " * 20, "ada")
    pairs = [long, *PAIRS[:5], Pair(*reversed(long)), *PAIRS[5:9], *[long] * 100]
    files = written(tmp_path, tokenizer, pairs, [long], max_tokens=25)
    assert files.parts == [9, 0]
    assert read_index(tmp_path)["long"] == 103
    assert [files[i].source.tolist() for i in range(9)] == tokenizer.encode([p.source for p in PAIRS[:9]])
    longest = max(map(len, tokenizer.encode([side for pair in PAIRS[:9] for side in pair])))
    assert written(tmp_path, tokenizer, PAIRS[:9], max_tokens=longest).parts == [9]
    assert written(tmp_path, tokenizer, PAIRS[:9], max_tokens=longest - 1).parts[0] < 9


class LargeTokenizer(Tokenizer):
    """Makes token ids that do not fit into 16 bits."""

    def __init__(self):
        self.vocabulary_size = 100_000

    def encode(self, lines):
        return [[99_999 - len(line), 3] for line in lines]


def test_ids_of_a_large_vocabulary_are_not_truncated_to_16_bits(tmp_path):
    files = written(tmp_path, LargeTokenizer(), [Pair("ab", "abc")])
    assert (files[0].source.tolist(), files[0].target.tolist()) == ([99_997, 3], [99_996, 3])


def test_the_same_text_gives_the_same_bytes_and_the_index_has_the_extra_entries(tokenizer, tmp_path):
    for name in ("one", "other"):
        written(tmp_path / name, tokenizer, PAIRS[:50], aligner=Shifted())
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["00000.alignments.npy", "00000.lengths.npy", "00000.pieces.npy", "index.json"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()
    index = read_index(tmp_path / "one")
    assert (index["fingerprint"], index["more"]) == ("abc", [1, "ä"])
    assert TokenFiles(tmp_path / "one").fingerprint == "abc"


def test_nothing_of_a_previous_text_remains(tokenizer, tmp_path, small_shards):
    written(tmp_path, tokenizer, PAIRS, aligner=Shifted())
    assert written(tmp_path, tokenizer, PAIRS[:3]).parts == [3]
    assert len(list(tmp_path.iterdir())) == 3


def test_a_text_whose_writing_was_interrupted_has_no_index(tokenizer, tmp_path, small_shards):
    def pairs():
        yield from PAIRS[:200]
        raise KeyboardInterrupt

    written(tmp_path, tokenizer, PAIRS)
    with pytest.raises(KeyboardInterrupt):
        written(tmp_path, tokenizer, pairs())
    assert list(tmp_path.glob("*.npy"))
    assert read_index(tmp_path) is None


def test_any_damage_is_reported(tokenizer, tmp_path):
    whole = tmp_path / "whole"
    written(whole, tokenizer, PAIRS[:20], aligner=Shifted())
    choose = np.random.default_rng(5)
    for path in sorted(whole.iterdir()):
        data = path.read_bytes()
        damaged = [b"", data[:-1], data + b" ", data[: len(data) // 2], None]
        for i in choose.integers(len(data), size=10).tolist():
            damaged.append(data[:i] + bytes([data[i] ^ 64]) + data[i + 1 :])
        for content in damaged:
            folder = tmp_path / "damaged"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(whole, folder)
            if content is None:
                (folder / path.name).unlink()
            else:
                (folder / path.name).write_bytes(content)
            if content == data + b" " and path.suffix == ".json":
                assert TokenFiles(folder).parts == [20]
                continue
            with pytest.raises(ModelError) as error:
                TokenFiles(folder)
            message = str(error.value)
            assert message.startswith(f"{folder}: the prepared text is damaged (")
            assert message.endswith("); remove this folder to prepare it again")
            assert len(message.splitlines()) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda index: index.update(parts=[19]),
        lambda index: index.update(weights=[1, 2]),
        lambda index: index.update(aligned=False),
        lambda index: index["shards"].append(index["shards"][0]),
        lambda index: index["shards"][0]["files"].popitem(),
        lambda index: index["shards"][0]["files"].update({"../00000.pieces.npy": "0"}),
        lambda index: index.update(shards=3),
        lambda index: index.update(version=99),
        lambda index: index.clear(),
    ],
)
def test_an_index_that_does_not_match_its_files_is_reported(tokenizer, tmp_path, change):
    written(tmp_path, tokenizer, PAIRS[:20], aligner=Shifted())
    index = json.loads((tmp_path / "index.json").read_bytes())["index"]
    change(index)
    content = {"checksum": module._checksum_of(index), "index": index}
    (tmp_path / "index.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match="the prepared text is damaged"):
        TokenFiles(tmp_path)


def test_the_fingerprint_depends_on_the_bytes_of_the_files_and_the_other_arguments(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("a\n")
    other.write_text("b\n")
    prints = [
        fingerprint([one, other]),
        fingerprint([other, one]),
        fingerprint([one]),
        fingerprint([one, None]),
    ]
    prints += [fingerprint([one, other], True), fingerprint([one, other], False)]
    other.write_text("b")
    prints.append(fingerprint([one, other]))
    assert len(set(prints)) == len(prints)
    other.write_text("b\n")
    assert fingerprint([one, other]) == prints[0]
    with pytest.raises(DataError, match=r"none: cannot be read \(No such file or directory\); check"):
        fingerprint([tmp_path / "none"])
