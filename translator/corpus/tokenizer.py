"""The SentencePiece model of both languages: trained on the corpus, used everywhere.

Pieces are found by byte-pair encoding (Sennrich et al. 2016, arXiv 1508.07909). SentencePiece's other
model, unigram, has ties ("00 0" or "0 00") that the sentencepiece and tensorflow-text packages break
differently; byte-pair encoding has none, so that both give the same ids for every line. Characters too
rare for a piece of their own are spelled in UTF-8 bytes, so that there is no unknown text.
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
from translator.errors import DataError, ModelError

_NUM_RESERVED = 4 + 256  # padding, unknown, start and end of a sentence; the bytes
_SMALLEST_VOCABULARY = 300
_MIN_CHARACTER_COUNT = 5  # a character seen less often is spelled in bytes
_LARGEST_MODEL = 1 << 26  # bytes; a million pieces take a third of it
_LINES_A_TEXT = 10_000
_ESCAPE = re.compile(r"&(?:[A-Za-z]{2,8}|#[0-9]{1,6});")
_MAX_ESCAPES = 20  # Moses writes eight
_WITHOUT_SPACES = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")
_LONGEST_LINE = 100_000  # bytes; SentencePiece learns from no longer one
# SentencePiece's words where it leaves out all lines.
_NOTHING_LEFT = ("sentences_.empty()", "all_chars_count")
_MAX_TRAINING_LINES = 2_000_000  # byte-pair statistics gain nothing from more


class Tokenizer:
    """Cuts text into pieces and joins pieces to text, as the given SentencePiece model says.

    Attributes:
        model: the serialized SentencePiece model, as it stands in ``tokenizer.model``.
        vocabulary_size: number of pieces; ids go from 0 to ``vocabulary_size - 1``.
        padding_id: fills a batch after the end of a sentence.
        start_id: what the decoder reads at its first step.
        end_id: ends every target sentence.
        num_special_tokens: ids below this are no text.
    """

    def __init__(self, model: bytes) -> None:
        """Loads a serialized model.

        Raises:
            ModelError: if the bytes are no SentencePiece model of this package.
        """
        if not model:
            raise ModelError("not a SentencePiece model (it is empty); was the file cut?")
        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        except (RuntimeError, UnicodeDecodeError) as error:
            raise ModelError(f"not a SentencePiece model ({error}); was the file cut?") from None
        self.model = model
        self.vocabulary_size: int = self._processor.get_piece_size()
        self.padding_id: int = self._processor.pad_id()
        self.start_id: int = self._processor.bos_id()
        self.end_id: int = self._processor.eos_id()
        self.num_special_tokens = max(self.padding_id, self.start_id, self.end_id) + 1
        if min(self.padding_id, self.start_id, self.end_id) < 0:
            raise ModelError("the SentencePiece model has no padding, start or end piece; train a new one")

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        """Reads a ``tokenizer.model`` file.

        Raises:
            ModelError: if the file cannot be read or is no SentencePiece model.
        """
        try:
            if path.stat().st_size > _LARGEST_MODEL:
                raise ModelError("too large for a SentencePiece model; is it another file?")
            return cls(path.read_bytes())
        except OSError as error:
            raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from None

    @property
    def is_word_start(self) -> np.ndarray:
        """Whether a piece begins a word: bool [vocabulary]. Every one does in scripts without spaces."""
        return np.array([*map(_is_word_start, self.tokens(range(self.vocabulary_size)))])

    def encode(self, lines: Sequence[str]) -> list[list[int]]:
        """Returns the piece ids of each line, without start and end.

        Raises:
            DataError: if a line holds half a character, as Python makes it of text that is not UTF-8.
        """
        try:
            rows: list[list[int]] = self._processor.encode(list(lines))
        except TypeError:
            for line in lines:
                if any("\ud800" <= character <= "\udfff" for character in line):
                    raise DataError(f"{line!r}: not valid Unicode; give text in UTF-8") from None
            raise
        return rows

    def decode(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """Returns the text of each row of piece ids; control ids yield no text."""
        texts: list[str] = self._processor.decode([list(row) for row in ids]) if ids else []
        return texts

    def tokens(self, ids: Iterable[int]) -> list[str]:
        """Returns the pieces behind the ids, with SentencePiece's ``▁`` for a space."""
        pieces: list[str] = self._processor.id_to_piece(list(ids))
        return pieces


def _is_word_start(piece: str) -> bool:
    """Whether a piece begins a word: after a space, or anywhere in a script that does not write spaces."""
    if piece.startswith("▁"):
        return True
    return unicodedata.name(piece[0], "").startswith(_WITHOUT_SPACES)


def _escapes(lines: Sequence[str], most: int) -> list[str]:
    """At most so many character references, such as ``&apos;``, that stand in the lines a number of times.

    Many published corpora are written with them, as Moses' tokenizer does. Four pieces for an apostrophe
    would be a burden.
    """
    counts = Counter(escape for line in lines if "&" in line for escape in _ESCAPE.findall(line))
    return [escape for escape, count in counts.most_common(most) if count >= _MIN_CHARACTER_COUNT]


def _without_rare_characters(lines: Sequence[str], max_characters: int) -> Iterator[str]:
    """The lines with each character that gets no piece of its own replaced by a space.

    SentencePiece's own way, character_coverage, refuses to leave out more than 2 % of a text.
    """
    counts = _characters(lines)
    kept = [character for character, _ in counts.most_common(max_characters)]
    frequent = [character for character in kept if counts[character] >= _MIN_CHARACTER_COUNT]
    if len(frequent) >= 20:  # else a toy corpus: keep what there is
        kept = frequent
    rare = "".join(counts.keys() - set(kept))
    any_rare = re.compile(f"[{re.escape(rare)}]" if rare else "(?!)")
    return chain.from_iterable(any_rare.sub(" ", text).split("\n") for text in _composed(lines))


def _characters(lines: Sequence[str]) -> Counter[str]:
    """How often each character but spaces stands in the lines; in the order of their numbers."""
    counts = np.zeros(sys.maxunicode + 1, np.int64)
    for text in _composed(lines):
        of_text = np.bincount(np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4"))
        counts[: len(of_text)] += of_text
    found = map(chr, np.flatnonzero(counts).tolist())
    return Counter({character: int(counts[ord(character)]) for character in found if not character.isspace()})


def _composed(lines: Sequence[str]) -> Iterator[str]:
    """Yields some thousand lines at a time, one text in Unicode's composed form, NFC."""
    for start in range(0, len(lines), _LINES_A_TEXT):
        yield unicodedata.normalize("NFC", "\n".join(lines[start : start + _LINES_A_TEXT]))


def train_tokenizer(lines: Sequence[str], vocabulary_size: int) -> Tokenizer:
    """Trains one SentencePiece model on the lines of both languages.

    Args:
        lines: the sentences of both sides.
        vocabulary_size: number of pieces wanted, at least 300; fewer are made where the text has not enough.

    Raises:
        DataError: if the lines hold no text that can be used.
    """
    lines = sample_evenly(lines, _MAX_TRAINING_LINES)
    vocabulary_size = max(vocabulary_size, _SMALLEST_VOCABULARY)
    if not any(map(is_visible, lines)):
        raise DataError("the corpus holds no text to train a tokenizer on")
    room = vocabulary_size - _NUM_RESERVED
    escapes = _escapes(lines, min(_MAX_ESCAPES, room // 8))
    symbols = [mark + escape for escape in escapes for mark in ("▁", "")]
    model = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder) / "rules.tsv"
        rules.write_text(rules_tsv(), encoding="ascii")
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=_without_rare_characters(lines, (room - len(symbols)) // 2),
                model_writer=model,
                model_type="bpe",
                vocab_size=vocabulary_size,
                hard_vocab_limit=False,
                byte_fallback=True,
                character_coverage=1.0,
                normalization_rule_tsv=str(rules),
                max_sentence_length=_LONGEST_LINE,
                user_defined_symbols=symbols,
                pad_id=0,
                unk_id=1,
                bos_id=2,
                eos_id=3,
                num_threads=1,  # the same model on every machine
                minloglevel=2,
            )
        except RuntimeError as error:
            if not any(sign in str(error) for sign in _NOTHING_LEFT):
                raise
            raise DataError(
                "no line of the corpus can be learned from: each is longer than "
                f"{_LONGEST_LINE:,} bytes or holds no text; split the lines"
            ) from None
    proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    proto.normalizer_spec.ClearField("normalization_rule_tsv")  # the path of a file that is gone
    return Tokenizer(proto.SerializeToString())
