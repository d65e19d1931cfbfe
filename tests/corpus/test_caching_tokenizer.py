"""The caching tokenizer gives the tokens that SentencePiece gives for whole lines."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from references.corpora import NAMES, read
from references.toy import WORDS

import translator.corpus.caching_tokenizer as module
from translator.corpus.caching_tokenizer import CachingTokenizer
from translator.corpus.tokenizer import train_tokenizer

SPACES = [" ", "  ", "\t", "\u00a0", "\u2009", "\u3000", "\u2028", "\x1c", "\x85", "\x00", "\u200b", "\ufeff"]
ODD = ["▁", "▁▁", "&apos;", "&apos", "e\u0301", "\u0301", "¨", "½", "日本", "🦊", "</s>", "<0x0A>", "", "ada"]
WORDY = [*WORDS, "it &apos;s", "say &quot; it &quot;", "日本 語", "élan e\u0301lan", "a ▁ b ▁▁ c ▁d"] * 6


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(WORDY, 420)


@given(
    st.lists(
        st.lists(st.one_of(st.sampled_from(SPACES + ODD), st.text(max_size=5))).map("".join),
        max_size=8,
    )
)
def test_any_text_gets_the_tokens_of_the_tokenizer(tokenizer, lines):
    caching = CachingTokenizer(tokenizer)
    for _ in range(2):
        rows = caching.encode(lines)
        assert rows.to_lists() == tokenizer.encode(lines)
        assert (rows.values.dtype, rows.lengths.dtype) == (np.uint16, np.int64)


def test_text_with_the_space_mark_is_tokenized_in_whole_lines(tokenizer):
    lines = ["▁ a", "▁▁ b", "a ▁", "a▁b c", "▁"]
    by_word = [[token for ids in tokenizer.encode(line.split(" ")) for token in ids] for line in lines]
    assert tokenizer.encode(lines) != by_word
    assert CachingTokenizer(tokenizer).encode(lines).to_lists() == tokenizer.encode(lines)


class Counting:
    """A tokenizer that records the texts it is given."""

    def __init__(self, tokenizer):
        self._tokenizer, self.texts = tokenizer, []
        self.vocabulary_size = tokenizer.vocabulary_size

    def encode(self, lines):
        self.texts += lines
        return self._tokenizer.encode(lines)


def test_a_word_is_tokenized_once_however_often_it_occurs(tokenizer):
    counting = Counting(tokenizer)
    caching = CachingTokenizer(counting)
    for line in ("ada bob ada", "bob cid", "cid ada"):
        assert caching.encode([line, line]).to_lists() == tokenizer.encode([line, line])
    assert counting.texts == ["ada", "bob", "cid"]


def test_long_words_and_words_that_exceed_the_cache_are_tokenized_each_time(tokenizer, monkeypatch):
    monkeypatch.setattr(module, "_MAX_WORDS", 3)
    counting = Counting(tokenizer)
    caching = CachingTokenizer(counting)
    line = f"ada {'xyz' * 30} bob cid dee"
    for _ in range(3):
        assert caching.encode([line, "eve ada"]).to_lists() == tokenizer.encode([line, "eve ada"])
    assert counting.texts.count("ada") == counting.texts.count("cid") == 1
    assert counting.texts.count("dee") == counting.texts.count("eve") == counting.texts.count("xyz" * 30) == 3


def test_threads_that_add_the_same_words_at_the_same_time_do_not_mix_them_up(tokenizer):
    random = np.random.default_rng(2)
    blocks = [
        [" ".join(f"{word}{random.integers(40)}" for word in random.choice(WORDS, 6)) for _ in range(20)]
        for _ in range(200)
    ]
    caching = CachingTokenizer(tokenizer)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(caching.encode, blocks))
    assert [rows.to_lists() for rows in found] == [tokenizer.encode(lines) for lines in blocks]


@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_real_text_gets_the_tokens_of_the_tokenizer(corpora, name):
    pairs = read(corpora, name, 20_000)
    lines = [side for pair in pairs for side in pair]
    tokenizer = train_tokenizer(lines[:5_000], 2_000)
    caching = CachingTokenizer(tokenizer)
    for start in range(0, len(lines), 3_000):
        block = lines[start : start + 3_000]
        assert caching.encode(block).to_lists() == tokenizer.encode(block)
