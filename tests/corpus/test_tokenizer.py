import gzip
import io
import os
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path
from unittest import mock

import pytest
import sentencepiece
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import translator.corpus.tokenizer as module
from translator.corpus.graph_tokenizer import graph_tokenizer
from translator.corpus.sampling import sample_evenly
from translator.corpus.tokenizer import Tokenizer, token_bytes, train_tokenizer
from translator.errors import DataError, ModelError
from translator.recipes import config_for

LINES = [
    line
    for number in range(60)
    for line in (
        f"The {number} quick brown foxes jump over the lazy dog again and again.",
        f"Die {number} schnellen braunen Füchse springen immer wieder über den faulen Hund.",
        "“Where is it?” she asked; nobody knew.",
        "«Wo ist es?», fragte sie – niemand wusste es.",
    )
]


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(LINES, 400)


@pytest.fixture(scope="module")
def in_graph(tokenizer):
    return graph_tokenizer(tokenizer)


def message_of(error_class, action, *arguments) -> str:
    """Returns the message of the error that the call must raise; it must be one line."""
    with pytest.raises(error_class) as error:
        action(*arguments)
    message = str(error.value)
    assert len(message.splitlines()) == 1
    return message


# Text to tokens and back


def test_text_is_recovered_from_its_tokens(tokenizer):
    assert tokenizer.decode(tokenizer.encode(LINES)) == LINES


def test_ids_are_those_of_sentencepiece_for_the_same_model(tokenizer):
    processor = sentencepiece.SentencePieceProcessor(model_proto=tokenizer.model)
    assert tokenizer.vocabulary_size == processor.get_piece_size()
    for line in LINES[:4]:
        assert tokenizer.encode([line]) == [processor.encode(line)]
        assert tokenizer.tokens(processor.encode(line)) == processor.encode(line, out_type=str)


def test_tokens_have_a_mark_for_a_space(tokenizer):
    [ids] = tokenizer.encode(["the lazy dog"])
    assert "".join(tokenizer.tokens(ids)) == "▁the▁lazy▁dog"


def test_an_empty_line_has_no_tokens_and_no_lines_give_an_empty_list(tokenizer):
    assert tokenizer.encode(["", " "]) == [[], []]
    assert tokenizer.decode([[], []]) == ["", ""]
    assert tokenizer.encode([]) == []


def test_decoding_an_empty_list_gives_no_lines(tokenizer):
    assert tokenizer.decode([]) == []


def test_special_ids_are_distinct_and_yield_no_text(tokenizer):
    special = [tokenizer.padding_id, tokenizer.start_id, tokenizer.end_id]
    assert len(set(special)) == 3
    assert all(0 <= number < tokenizer.vocabulary_size for number in special)
    [ids] = tokenizer.encode(["lazy dog"])
    padded = [tokenizer.start_id, *ids, tokenizer.end_id, tokenizer.padding_id, tokenizer.padding_id]
    assert tokenizer.decode([padded]) == ["lazy dog"]


@given(
    st.lists(st.one_of(st.text(), st.sampled_from(["<s>", "</s>", "<pad>", "<unk>", "<0x00>"]))).map(" ".join)
)
def test_no_text_yields_a_special_or_unknown_token(tokenizer, text):
    unknown = sentencepiece.SentencePieceProcessor(model_proto=tokenizer.model).unk_id()
    special = {tokenizer.padding_id, tokenizer.start_id, tokenizer.end_id, unknown}
    assert not special & set(tokenizer.encode([text])[0])


def test_a_character_that_training_never_saw_is_spelled_in_bytes(tokenizer):
    [ids] = tokenizer.encode(["dog 🦊"])
    assert tokenizer.tokens(ids)[-4:] == [f"<0x{byte:02X}>" for byte in "🦊".encode()]
    assert tokenizer.decode([ids]) == ["dog 🦊"]


def test_a_frequent_character_gets_a_token_and_a_rare_one_is_spelled_in_bytes():
    tokenizer = train_tokenizer([*LINES, *["a ∮ sign"] * 5, *["a ∰ sign"] * 4], 400)
    frequent, rare = tokenizer.encode(["∮", "∰"])
    assert tokenizer.tokens(frequent)[-1] == "∮"
    assert tokenizer.tokens(rare)[-3:] == [f"<0x{byte:02X}>" for byte in "∰".encode()]


# Training


@given(
    st.lists(
        st.text(st.sampled_from("abcde äe\u0308o\u0308-]^\\\ud800🦊\u0e01\t\u00a0"), max_size=12), max_size=30
    ),
    st.integers(0, 12),
)
def test_the_most_frequent_characters_are_kept_and_the_others_become_spaces(lines, most):
    composed = [unicodedata.normalize("NFC", line) for line in lines]
    counts = Counter("".join(composed))
    visible = sorted(character for character in counts if not character.isspace())
    kept = sorted(visible, key=counts.__getitem__, reverse=True)[:most]
    expected = ["".join(c if c.isspace() or c in kept else " " for c in line) for line in composed]
    with mock.patch.object(module, "_LINES_PER_TEXT", 4):
        assert [*module._without_rare_characters(lines, most)] == expected


WITH_REFERENCES = [f"it &apos;s a &quot; {line.lower()} &quot; and the children &apos;s" for line in LINES]


def test_many_character_references_leave_room_for_letters_in_the_smallest_vocabulary():
    names = [f"&{first}{second};" for first in "abcde" for second in "vwxyz"]
    lines = [*LINES, *[" ".join(names)] * 5]
    for size in (300, 320, 340):
        tokenizer = train_tokenizer(lines, size)
        assert tokenizer.vocabulary_size <= size
        assert tokenizer.decode(tokenizer.encode(lines)) == lines


def test_a_frequent_character_reference_is_one_token():
    tokenizer = train_tokenizer([*WITH_REFERENCES, "rare &amp; odd"], 400)
    lines = ["it &apos;s", "&quot;so&apos;", "&apos", "rare &amp; odd"]
    ids = tokenizer.encode(lines)
    assert tokenizer.tokens(ids[0])[-2:] == ["▁&apos;", "s"]
    assert {"▁&quot;", "&apos;"} <= set(tokenizer.tokens(ids[1]))
    assert not any("amp;" in token for token in tokenizer.tokens(ids[3]))  # seen once
    assert tokenizer.decode(ids) == lines
    assert graph_tokenizer(tokenizer).tokenize(lines).to_list() == ids


def test_text_without_character_references_has_no_tokens_for_them():
    tokenizer = train_tokenizer([*LINES, "R&D; a&b"] * 2, 400)
    tokens = tokenizer.tokens(range(tokenizer.vocabulary_size))
    assert not any("&" in token and token.endswith(";") for token in tokens)


def test_a_token_after_a_space_starts_a_word(tokenizer):
    [ids] = tokenizer.encode(["the lazy Kwijibo € again"])
    text = ""
    for token, is_start in zip(tokenizer.tokens(ids), tokenizer.is_word_start[ids], strict=True):
        assert is_start == token.startswith("▁")
        text += ("|" if is_start else "") + token.removeprefix("▁")
    assert text.startswith("|the|lazy|")
    assert text.endswith("|again")
    assert not tokenizer.is_word_start[: tokenizer.num_special_tokens].any()
    assert tokenizer.is_word_start.shape == (tokenizer.vocabulary_size,)


def test_in_scripts_without_spaces_every_token_starts_a_word():
    tokenizer = train_tokenizer(["彼は東京に住んでいます。", "ฉันรักภาษาไทย", "私は本を読みます。"] * 10, 400)
    [ids] = tokenizer.encode(["彼は本を東京で読みます。"])
    starts_word = dict(zip(tokenizer.tokens(ids), tokenizer.is_word_start[ids], strict=True))
    assert all(starts_word[token] for token in starts_word if token[0].isalpha())
    assert sum(starts_word.values()) >= 6


def test_the_vocabulary_has_the_requested_size():
    assert train_tokenizer(LINES, 350).vocabulary_size == 350


def test_a_tiny_corpus_gives_a_smaller_vocabulary():
    lines = ["A dog runs.", "Ein Hund läuft.", "Katzen schlafen."]
    tokenizer = train_tokenizer(lines, 6000)
    assert 4 + 256 < tokenizer.vocabulary_size < 400
    assert tokenizer.decode(tokenizer.encode(lines)) == lines


@pytest.mark.parametrize("line", ["A dog runs.", "a", "日", "🦊"])
def test_a_corpus_of_one_line_is_enough(line):
    tokenizer = train_tokenizer([line], 6000)
    assert tokenizer.decode(tokenizer.encode([line])) == [line]


def test_training_twice_gives_the_same_bytes(tokenizer):
    assert train_tokenizer(LINES, 400).model == tokenizer.model


def test_training_in_another_process_gives_the_same_bytes_and_no_messages(tokenizer):
    code = (
        "import sys; from translator.corpus.tokenizer import train_tokenizer as train;"
        "sys.stdout.buffer.write(train(sys.stdin.read().split('\\n'), 400).model)"
    )
    other = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code],
        input="\n".join(LINES).encode(),
        env={**os.environ, "PYTHONHASHSEED": "123"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=True,
    )
    assert other.stderr == b""
    assert other.stdout == tokenizer.model


def test_training_uses_an_even_sample_of_a_huge_corpus(monkeypatch):
    huge = [line for kept in LINES for line in (kept, "another line", "and one more")]
    sample = sample_evenly(huge, len(LINES))
    of_sample, of_all = train_tokenizer(sample, 400), train_tokenizer(huge, 400)
    monkeypatch.setattr(module, "_MAX_TRAINING_LINES", len(LINES))
    assert train_tokenizer(huge, 400).model == of_sample.model != of_all.model


@pytest.mark.parametrize("lines", [[], [""], [" ", "\t", "\u00a0"]])
def test_a_corpus_without_text_is_reported(lines):
    message = message_of(DataError, train_tokenizer, lines, 6000)
    assert message == "the corpus contains no text to train a tokenizer on"


@pytest.mark.parametrize("lines", [["a" * 100_001], ["▁▁", "▁"]])
def test_a_corpus_of_lines_that_cannot_be_learned_from_is_reported(lines):
    message = message_of(DataError, train_tokenizer, lines, 6000)
    assert message == (
        "the tokenizer cannot learn from this corpus: every line is longer than 100,000 bytes or contains no "
        "text; split the lines"
    )


def test_a_corpus_of_invisible_characters_is_reported():
    message = message_of(DataError, train_tokenizer, ["\u200b", "\x07"], 6000)
    assert message == "the corpus contains no text to train a tokenizer on"


@pytest.mark.parametrize("vocabulary_size", [1, 280, 300, 320])
def test_a_small_vocabulary_spells_more_characters_in_bytes(vocabulary_size):
    lines = ["The QUICK brown FOX jumps over the lazy DOG: 0123456789, äöüß ABCGHJLMNPRSTVWYZ!?"] * 50
    tokenizer = train_tokenizer(lines, vocabulary_size)
    assert tokenizer.decode(tokenizer.encode(lines)) == lines


def test_a_script_of_many_characters_fits_a_small_vocabulary():
    line = "".join(chr(0x4E00 + number) for number in range(1500))
    lines = [line[start : start + 15] for start in range(0, 1500, 15)] * 5
    tokenizer = train_tokenizer(lines, 2000)
    assert tokenizer.vocabulary_size == 2000
    assert tokenizer.decode(tokenizer.encode(lines)) == lines


# Files


def test_a_saved_model_gives_the_same_tokenizer(tokenizer, tmp_path):
    path = tmp_path / "tokenizer.model"
    path.write_bytes(tokenizer.model)
    loaded = Tokenizer.load(path)
    assert loaded.encode(LINES) == tokenizer.encode(LINES)
    assert vars(loaded).keys() == vars(tokenizer).keys()
    for name in ("model", "vocabulary_size", "padding_id", "start_id", "end_id"):
        assert getattr(loaded, name) == getattr(tokenizer, name)


def test_a_missing_model_file_is_reported(tmp_path):
    path = tmp_path / "tokenizer.model"
    message = message_of(ModelError, Tokenizer.load, path)
    assert message == f"{path}: cannot be read (No such file or directory)"


@pytest.mark.parametrize("size", [1, 100, 5_000, -1])
def test_a_truncated_model_file_is_reported(tokenizer, tmp_path, size):
    path = tmp_path / "tokenizer.model"
    path.write_bytes(tokenizer.model[:size])
    message = message_of(ModelError, Tokenizer.load, path)
    assert message.startswith(f"{path}: not a SentencePiece model (")
    assert message.endswith("); is the file complete?")


def test_a_file_that_is_not_a_model_is_reported(tmp_path):
    path = tmp_path / "tokenizer.model"
    path.write_text("A dog runs.\n")
    assert message_of(ModelError, Tokenizer.load, path).startswith(f"{path}: not a SentencePiece model (")


def test_a_model_with_a_damaged_byte_is_reported(tokenizer):
    damaged = tokenizer.model.replace(b"<0x00>", b"<0x\xb00>")
    assert message_of(ModelError, Tokenizer, damaged).startswith("not a SentencePiece model (")


def test_an_empty_model_file_is_reported(tmp_path):
    path = tmp_path / "tokenizer.model"
    path.touch()
    assert message_of(ModelError, Tokenizer.load, path).startswith(f"{path}: ")


def test_a_model_of_another_program_without_padding_is_reported():
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES), model_writer=model, model_type="bpe", vocab_size=100, minloglevel=2
    )
    assert message_of(ModelError, Tokenizer, model.getvalue()) == (
        "the SentencePiece model has no padding, start or end token; train a new one"
    )


# The TensorFlow tokenizer


def assert_same_ids(tokenizer: Tokenizer, in_graph, lines: list[str]) -> None:
    expected = tokenizer.encode(lines)
    actual = in_graph.tokenize(tf.constant(lines, tf.string)).to_list()
    if actual != expected:
        wrong = [line for line, left, right in zip(lines, actual, expected, strict=True) if left != right]
        pytest.fail(f"{len(wrong)} of {len(lines)} lines differ, such as {wrong[0]!r}")


def test_the_graph_tokenizer_gives_the_same_ids_as_int32(tokenizer, in_graph):
    assert_same_ids(
        tokenizer, in_graph, [*LINES, "", " ", "dog 🦊", "1.º … ½", "Tiê\u0301ng\u00a0Viê\u0323t\0"]
    )
    assert in_graph.tokenize(["dog"]).dtype == tf.int32


@given(st.lists(st.text(), min_size=1))
@settings(deadline=None, max_examples=300)
def test_the_graph_tokenizer_gives_the_same_ids_for_odd_unicode(tokenizer, in_graph, lines):
    assert_same_ids(tokenizer, in_graph, lines)


@given(
    st.lists(
        st.lists(
            st.sampled_from(
                [*" .,;?“”«»–0123456789", *"\u0301\u0323\u200d\u11a8\u00a0\u3000\u2581", *LINES[0], *LINES[1]]
            )
        ).map("".join),
        min_size=1,
    )
)
@settings(deadline=None, max_examples=300)
def test_the_graph_tokenizer_gives_the_same_ids_for_jumbled_text_of_the_corpus(tokenizer, in_graph, lines):
    assert_same_ids(tokenizer, in_graph, lines)


def read(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as lines:
        return [line.removesuffix("\n") for line in lines]


def test_the_graph_tokenizer_gives_the_same_ids_for_every_line_of_the_real_corpora(corpora):
    folders = sorted({path.parent for path in corpora.rglob("train.*.gz")})
    assert folders, f"no corpus in {corpora}"
    for folder in folders:
        sides = [read(path) for path in sorted(folder.glob("train.*.gz"))]
        size = config_for(len(sides[0])).tokenizer.vocabulary_size
        tokenizer = train_tokenizer([line for side in sides for line in side], size)
        assert tokenizer.vocabulary_size == size
        in_graph = graph_tokenizer(tokenizer)
        for path in sorted(folder.glob("*.gz")):
            lines = sorted(set(read(path)))
            for start in range(0, len(lines), 20_000):
                assert_same_ids(tokenizer, in_graph, lines[start : start + 20_000])


@pytest.mark.parametrize(
    ("token", "content"),
    [
        ("<0x2E>", b"."),
        ("<0xC3>", b"\xc3"),
        ("▁dog", b" dog"),
        *((text, text.encode()) for text in ("<0x", "<0x7", "<0xGG>", "<0x2E", "<0x2E>s", "<s>")),
    ],
)
def test_only_whole_byte_tokens_stand_for_a_byte(token, content):
    assert token_bytes(token) == content
