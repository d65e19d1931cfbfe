"""Trains and runs the SentencePiece tokenizer that both languages share.

The vocabulary comes from byte-pair encoding (Sennrich et al. 2016, arXiv 1508.07909). SentencePiece's other
model, unigram, has ties ("00 0" or "0 00") that the sentencepiece and tensorflow-text packages break
differently; byte-pair encoding has none, so both give the same ids for every line. Characters too rare for a
token of their own are spelled in UTF-8 bytes, so there are no unknown tokens.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import sentencepiece
from sentencepiece import sentencepiece_model_pb2

from translator.corpus.normalization import is_visible, rules_tsv
from translator.corpus.sampling import sample_evenly
from translator.corpus.scripts import is_unspaced
from translator.errors import DataError, ModelError

_NUM_FIXED_TOKENS = 4 + 256  # padding, unknown, start and end of a sentence; one for each byte
_MIN_VOCABULARY_SIZE = 300
_MIN_CHARACTER_COUNT = 5  # characters that occur less often are spelled in bytes
_MAX_MODEL_SIZE = 1 << 26  # bytes; a million tokens take a third of it
_LINES_PER_TEXT = 10_000
_BYTE_TOKEN = re.compile("<0x([0-9A-F]{2})>")
_CHARACTER_REFERENCE = re.compile(r"&(?:[A-Za-z]{2,8}|#[0-9]{1,6});")
_MAX_CHARACTER_REFERENCES = 20  # Moses writes eight
_MAX_LINE_SIZE = 100_000  # bytes; SentencePiece ignores longer lines in training
# What SentencePiece's error messages contain when it has ignored all lines.
_NO_LINES_ERRORS = ("sentences_.empty()", "all_chars_count")
_MAX_TRAINING_LINES = 2_000_000  # more would not change the byte-pair statistics noticeably


class Tokenizer:
    """Converts text to token ids and back with a SentencePiece model.

    Attributes:
        model: the serialized SentencePiece model: the content of ``tokenizer.model``.
        vocabulary_size: number of tokens; ids go from 0 to ``vocabulary_size - 1``.
        padding_id: fills a batch after the end of a sentence.
        start_id: the decoder's input at its first time step.
        end_id: ends every sentence.
        num_special_tokens: ids below this stand for no text.
    """

    def __init__(self, model: bytes) -> None:
        """Loads a serialized model.

        Raises:
            ModelError: if the bytes are not a SentencePiece model that this package has trained.
        """
        if not model:
            raise ModelError("not a SentencePiece model (it is empty); is the file complete?")
        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        except (RuntimeError, UnicodeDecodeError) as error:
            raise ModelError(f"not a SentencePiece model ({error}); is the file complete?") from None
        self.model = model
        self.vocabulary_size: int = self._processor.get_piece_size()
        self.padding_id: int = self._processor.pad_id()
        self.start_id: int = self._processor.bos_id()
        self.end_id: int = self._processor.eos_id()
        self.num_special_tokens = max(self.padding_id, self.start_id, self.end_id) + 1
        if min(self.padding_id, self.start_id, self.end_id) < 0:
            raise ModelError("the SentencePiece model has no padding, start or end token; train a new one")

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        """Reads a ``tokenizer.model`` file.

        Raises:
            ModelError: if the file cannot be read or is not a SentencePiece model.
        """
        try:
            if path.stat().st_size > _MAX_MODEL_SIZE:
                raise ModelError("too large for a SentencePiece model; is it another file?")
            return cls(path.read_bytes())
        except OSError as error:
            raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from None

    @property
    def is_word_start(self) -> np.ndarray:
        """Whether each token starts a word: bool [vocabulary]. In scripts without spaces every token does."""
        return np.array([*map(_starts_word, self.tokens(range(self.vocabulary_size)))])

    def encode(self, lines: Sequence[str]) -> list[list[int]]:
        """Returns the token ids of each line, without start and end.

        Raises:
            DataError: if a line contains a surrogate, which Python puts in place of a byte that is not UTF-8.
        """
        try:
            ids: list[list[int]] = self._processor.encode(list(lines))
        except TypeError:
            for line in lines:
                if any("\ud800" <= character <= "\udfff" for character in line):
                    raise DataError(f"{line!r}: not valid Unicode; give text in UTF-8") from None
            raise
        return ids

    def decode(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """Returns the text of each list of token ids; special tokens yield no text."""
        texts: list[str] = self._processor.decode([list(row) for row in ids]) if ids else []
        return texts

    def tokens(self, ids: Iterable[int]) -> list[str]:
        """Returns the tokens with these ids, with SentencePiece's ``▁`` for a space."""
        tokens: list[str] = self._processor.id_to_piece(list(ids))
        return tokens


def byte_of(token: str) -> int | None:
    """Returns the byte that a byte token such as ``<0x2E>`` stands for; None for other tokens."""
    match = _BYTE_TOKEN.fullmatch(token)
    return int(match[1], 16) if match else None


def token_bytes(token: str) -> bytes:
    """Returns the text of a token in UTF-8; that of a byte token may be part of a character."""
    byte = byte_of(token)
    return token.replace("▁", " ").encode() if byte is None else bytes([byte])


def _starts_word(token: str) -> bool:
    """Whether a token starts a word: after a space, or anywhere in a script without spaces."""
    return token.startswith("▁") or is_unspaced(token[0])


def _frequent_character_references(lines: Sequence[str], max_references: int) -> list[str]:
    """Returns the most frequent character references, such as ``&apos;``, that occur at least 5 times.

    Many published corpora contain them because Moses' tokenizer writes them. Each becomes one token; without
    that, an apostrophe would take four.
    """
    counts = Counter(
        reference for line in lines if "&" in line for reference in _CHARACTER_REFERENCE.findall(line)
    )
    frequent = counts.most_common(max_references)
    return [reference for reference, count in frequent if count >= _MIN_CHARACTER_COUNT]


def _without_rare_characters(lines: Sequence[str], max_characters: int) -> Iterator[str]:
    """Yields the lines with a space in place of each character that gets no token of its own.

    SentencePiece's own option for this, character_coverage, cannot leave out more than 2 % of a text.
    """
    counts = _count_characters(lines)
    kept = [character for character, _ in counts.most_common(max_characters)]
    frequent = [character for character in kept if counts[character] >= _MIN_CHARACTER_COUNT]
    if len(frequent) >= 20:  # otherwise it is a toy corpus, which keeps all characters that fit
        kept = frequent
    rare = "".join(counts.keys() - set(kept))
    any_rare = re.compile(f"[{re.escape(rare)}]" if rare else "(?!)")
    return chain.from_iterable(any_rare.sub(" ", text).split("\n") for text in _composed_texts(lines))


def _count_characters(lines: Sequence[str]) -> Counter[str]:
    """Counts each character except spaces; the keys are ordered by code point."""
    counts = np.zeros(sys.maxunicode + 1, np.int64)
    for text in _composed_texts(lines):
        text_counts = np.bincount(np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4"))
        counts[: len(text_counts)] += text_counts
    found = map(chr, np.flatnonzero(counts).tolist())
    return Counter({character: int(counts[ord(character)]) for character in found if not character.isspace()})


def _composed_texts(lines: Sequence[str]) -> Iterator[str]:
    """Yields several thousand lines at a time, as one text in Unicode's composed form, NFC."""
    for start in range(0, len(lines), _LINES_PER_TEXT):
        yield unicodedata.normalize("NFC", "\n".join(lines[start : start + _LINES_PER_TEXT]))


def train_tokenizer(lines: Sequence[str], vocabulary_size: int) -> Tokenizer:
    """Trains one SentencePiece model on the lines of both languages.

    Args:
        lines: the sentences of both languages.
        vocabulary_size: number of tokens; fewer than 300 count as 300, and a small text may give fewer.

    Raises:
        DataError: if the lines contain no usable text.
    """
    lines = sample_evenly(lines, _MAX_TRAINING_LINES)
    vocabulary_size = max(vocabulary_size, _MIN_VOCABULARY_SIZE)
    if not any(map(is_visible, lines)):
        raise DataError("the corpus contains no text to train a tokenizer on")
    num_free = vocabulary_size - _NUM_FIXED_TOKENS
    references = _frequent_character_references(lines, min(_MAX_CHARACTER_REFERENCES, num_free // 8))
    # Each reference gets a token for the beginning of a word and one for the inside.
    symbols = [space + reference for reference in references for space in ("▁", "")]
    # At most half of the vocabulary is single characters, so that the other half is left for merges.
    text = _without_rare_characters(lines, (num_free - len(symbols)) // 2)
    return Tokenizer(_train_model(text, vocabulary_size, symbols))


def _train_model(text: Iterator[str], vocabulary_size: int, symbols: Sequence[str]) -> bytes:
    """Trains a SentencePiece model.

    Args:
        text: the lines to learn from.
        vocabulary_size: the largest number of tokens.
        symbols: texts that are always one token.

    Returns:
        The serialized model.

    Raises:
        DataError: if SentencePiece ignores all lines.
    """
    model = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder) / "rules.tsv"
        rules.write_text(rules_tsv(), encoding="ascii")
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=text,
                model_writer=model,
                model_type="bpe",
                vocab_size=vocabulary_size,
                hard_vocab_limit=False,
                byte_fallback=True,
                character_coverage=1.0,
                normalization_rule_tsv=str(rules),
                max_sentence_length=_MAX_LINE_SIZE,
                user_defined_symbols=list(symbols),
                pad_id=0,
                unk_id=1,
                bos_id=2,
                eos_id=3,
                num_threads=1,  # the same model on every machine
                minloglevel=2,
            )
        except RuntimeError as error:
            if not any(cause in str(error) for cause in _NO_LINES_ERRORS):
                raise
            raise DataError(
                "the tokenizer cannot learn from this corpus: every line is longer than "
                f"{_MAX_LINE_SIZE:,} bytes or contains no text; split the lines"
            ) from None
    proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    proto.normalizer_spec.ClearField("normalization_rule_tsv")  # the path of a temporary file
    serialized: bytes = proto.SerializeToString()
    return serialized
