"""Words from tokens: how they are numbered, and which source word each target word attends to most."""

import json
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from translator.corpus.readers import read_lines
from translator.corpus.tokenizer import train_tokenizer
from translator.decoding.alignment import pharaoh, word_alignment, word_indices

INVISIBLE = "\ufeff\u200b\u00ad"
BREAKS = "\t\r\n\v\f\x85\u2028\u2029"


def words_seen(line):
    """The words that the tokenizer sees: spaces of every kind part them, what nobody sees is not there."""

    def seen(character):
        category = unicodedata.category(character)
        if category == "Zs" or character in BREAKS:
            return " "
        return "" if character in INVISIBLE or (category == "Cc" and character != "\0") else character

    return [word for word in "".join(map(seen, line)).split(" ") if word]


def num_words(line, tokenizer):
    """How many words the tokens of a line have."""
    tokens = tokenizer.tokens(tokenizer.encode([line])[0])
    return int(word_indices(tokens)[-1]) + 1 if tokens else 0


# Which word a token belongs to


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        ("▁ada ▁bob ▁cid", [0, 1, 2]),
        ("▁un known ▁word s !", [0, 0, 1, 1, 1]),
        ("▁ada", [0]),
        ("▁a d a", [0, 0, 0]),
        ("▁ <0xE2> <0x82> <0xAC> ▁bob", [0, 0, 0, 0, 1]),
        ("▁ada <0xF0> <0x9F> <0xA6> <0x8A> ▁ <0xC3> <0xB1> ▁bob", [0, 0, 0, 0, 0, 1, 1, 1, 2]),
        ("", []),
    ],
)
def test_a_word_begins_at_the_space_mark(tokens, words):
    numbers = word_indices(tokens.split())
    assert numbers.tolist() == words
    assert numbers.dtype == np.int64


@pytest.mark.parametrize(
    ("tokens", "words"),
    [("ada ▁bob", [0, 1]), ("<0xC3> <0xB1> ▁bob ▁cid", [0, 0, 1, 2]), ("ada bob", [0, 0])],
)
def test_the_first_word_may_lack_the_mark(tokens, words):
    """As a network may write it; the text is then the same."""
    assert word_indices(tokens.split()).tolist() == words


@pytest.mark.parametrize(
    "tokens",
    [
        "▁ada ▁ ▁bob",
        "▁ ▁ada ▁ ▁ ▁bob ▁",
        "▁ada <0x20> b",
        "▁ada <0x20> ▁bob",
        "ada ▁bob",
        "<0xC3> <0xB1> ▁bob ▁ <0xC3> <0xB1>",
    ],
)
def test_spaces_that_only_a_network_writes_do_not_change_the_words(tokenizer, tokens):
    tokens = tokens.split()
    known = tokenizer.tokens(range(tokenizer.vocabulary_size))
    [text] = tokenizer.decode([[known.index(token) for token in tokens]])
    numbers = word_indices(tokens).tolist()
    assert sorted(set(numbers)) == list(range(len(text.split())))
    assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("ada bob", 2),
        ("  ada   bob ", 2),
        ("\u00a0ada\u00a0bob\u3000cid\tdee\x85eve", 5),
        ("un\u00adseen ada\u200bbob", 2),
        ("sie l \x9a st sich .", 5),  # a control character that stands alone is no word
        ("ada \u200b bob \u00ad", 2),
        ("ada\x1fbob", 1),  # nor is one a space, whatever str.split says
        ("e\u0301ve \u0301 日本 🦊", 4),
        ("", 0),
        (" \u00a0\u200b\x07", 0),
    ],
)
def test_words_are_those_that_the_tokenizer_sees(tokenizer, line, number):
    assert num_words(line, tokenizer) == len(words_seen(line)) == number


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    line=st.one_of(
        st.text("adbob\u00e9\u65e5.\u0301\u200d \u00a0\u3000\x85\x9a\x1f\u200b\u00ad\ufeff\t"), st.text()
    ).filter(lambda line: "▁" not in line)  # SentencePiece takes it for a space
)
@example(line="\0 \0")
@example(line="\u2000a\u2001\u1680b\u202fc\u205fd")
def test_words_counted_over_tokens_are_those_of_the_text(tokenizer, line):
    assert num_words(line, tokenizer) == len(words_seen(line))


@pytest.mark.parametrize("name", ["multi30k-en-de", "tatoeba-en-es", "pydocs-en-es"])
def test_words_of_real_lines_are_what_stands_between_spaces(corpora, name):
    paths = sorted((corpora / name).glob("train.*.gz"))
    assert len(paths) == 2
    training = [line for path in paths for line in list(read_lines(path))[:3000]]
    tokenizer = train_tokenizer(training, 2000)
    for path in sorted((corpora / name).glob("test.*.gz")):
        lines = list(read_lines(path))
        assert len(lines) > 500
        counts = [int(word_indices(tokenizer.tokens(ids))[-1]) + 1 for ids in tokenizer.encode(lines)]
        assert counts == [len(words_seen(line)) for line in lines]
        assert counts == [len(line.split()) for line in lines]


# Which words belong together


def test_each_target_word_is_linked_to_the_source_word_that_it_attends_to_most():
    attention = np.array([[0.1, 0.2, 0.7], [0.8, 0.1, 0.1], [0.3, 0.4, 0.3]], np.float32)
    links = word_alignment(attention, ["▁eins", "▁zwei", "▁drei"], ["▁one", "▁two", "▁three"])
    assert links == ((2, 0), (0, 1), (1, 2))


def test_links_are_plain_numbers():
    links = word_alignment(np.ones([2, 1], np.float32), ["▁eins", "▁zwei"], ["▁one"])
    assert json.loads(json.dumps(links)) == [[0, 0], [0, 1]]


def test_tokens_of_a_source_word_are_summed_before_the_maximum():
    # The second word gets the most attention by one token, but the first word more by its two together.
    attention = np.array([[0.3, 0.3, 0.4]], np.float32)
    assert word_alignment(attention, ["▁eins"], ["▁o", "ne", "▁two"]) == ((0, 0),)


def test_tokens_of_a_target_word_are_summed_before_the_maximum():
    # The first token attends to the first word, the second one more clearly to the second word.
    attention = np.array([[0.6, 0.4], [0.1, 0.9]], np.float32)
    assert word_alignment(attention, ["▁ei", "ns"], ["▁one", "▁two"]) == ((1, 0),)


def test_tokens_in_bytes_are_summed_like_others():
    tokens, source_tokens = ["▁", "<0xC3>", "<0xB1>"], ["▁one", "▁", "<0xC3>", "<0xB1>"]
    attention = np.array([[0.4, 0.2, 0.2, 0.2], [1.0, 0.0, 0.0, 0.0], [0.0, 0.4, 0.3, 0.3]], np.float32)
    assert word_alignment(attention, tokens, source_tokens) == ((1, 0),)  # 1.6 of three tokens against 1.4
    attention[2] = [0.4, 0.2, 0.2, 0.2]
    assert word_alignment(attention, tokens, source_tokens) == ((0, 0),)  # 1.2 against 1.8


def test_the_end_is_not_aligned():
    attention = np.array([[0.2, 0.1, 0.7], [0.1, 0.0, 0.9], [1.0, 0.0, 0.0]], np.float32)
    links = word_alignment(attention, ["▁eins", "▁zwei"], ["▁one", "▁two"])  # row and column of the end
    assert links == ((0, 0), (0, 1))


def test_sentences_of_one_word():
    attention = np.full([3, 4], 0.25, np.float32)
    assert word_alignment(attention, ["▁ei", "ns"], ["▁o", "n", "e"]) == ((0, 0),)
    assert word_alignment(attention, ["▁ei", "▁ns"], ["▁o", "n", "e"]) == ((0, 0), (0, 1))
    assert word_alignment(attention, ["▁ei", "ns"], ["▁o", "▁n", "e"]) == ((1, 0),)


@pytest.mark.parametrize(("tokens", "source_tokens"), [([], ["▁one"]), (["▁eins"], []), ([], [])])
def test_an_empty_sentence_has_no_links(tokens, source_tokens):
    attention = np.ones([len(tokens) + 1, len(source_tokens) + 1], np.float32)
    assert word_alignment(attention, tokens, source_tokens) == ()


@pytest.mark.parametrize(
    ("alignment", "text"), [((), ""), (((0, 0),), "0-0"), (((0, 0), (2, 1), (2, 2)), "0-0 2-1 2-2")]
)
def test_links_as_text_have_the_source_first(alignment, text):
    assert pharaoh(alignment) == text
