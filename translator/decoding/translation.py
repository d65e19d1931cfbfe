"""Builds translations from the hypotheses of search, and joins those of the parts of a long line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from translator.corpus.tokenizer import Tokenizer
from translator.corpus.word_order import reverse_words
from translator.decoding.alignment import WordAlignment, word_alignment, word_indices
from translator.decoding.long_lines import join_parts
from translator.decoding.states import Hypotheses

_TO_SPACES = str.maketrans("\n\r\t", "   ")


@dataclass(frozen=True)
class Translation:
    """One translation of one sentence. Two are equal if everything but their attention weights is.

    Attributes:
        text: the translation.
        score: log-probability divided by the length penalty, plus the coverage term and the terms of
            reranking models, if there are any; of a long line, the mean over its parts. Higher is better.
            Scores are comparable for the same source only.
        log_probability: natural logarithm of the model's probability of this translation.
        tokens: its tokens in the order in which they were written, the end included; those of a model with
            ``model.right_to_left`` begin with the last word.
        source_tokens: the tokens of the source, the end included.
        attention_by_part: the attention weights of each part of a long line, float32 [tokens, source tokens]
            of that part; a shorter line is a single part. None if they were not requested.
        word_alignment: pairs (source word, target word), numbered from 0, of words between spaces: each
            target word with the source word that it attended to most. None if it was not requested.
        unmet_terms: the target terms of the glossary that it lacks although their source terms occur. Of
            several hypotheses, the best ones lack the fewest terms; among these the score decides.
        alternatives: the other hypotheses of an n-best list, next best first.
    """

    text: str
    score: float
    log_probability: float
    tokens: tuple[str, ...] = field(repr=False)
    source_tokens: tuple[str, ...] = field(repr=False)
    attention_by_part: tuple[npt.NDArray[np.float32], ...] | None = field(
        default=None, repr=False, compare=False
    )
    word_alignment: WordAlignment | None = field(default=None, repr=False)
    unmet_terms: tuple[str, ...] = field(default=(), repr=False)
    alternatives: tuple[Translation, ...] = field(default=(), repr=False)

    @property
    def alignment(self) -> npt.NDArray[np.float32] | None:
        """The attention of each token to each source token; each row sums to one.

        Float32 [tokens, source tokens]; None if it was not requested. For a long line the array is large, and
        it is built anew at each access.
        """
        if self.attention_by_part is None or len(self.attention_by_part) == 1:
            return self.attention_by_part and self.attention_by_part[0]
        alignment = np.zeros([len(self.tokens), len(self.source_tokens)], np.float32)
        row = column = 0
        for part in self.attention_by_part:
            rows, columns = part.shape
            alignment[row : row + rows, column : column + columns] = part
            row, column = row + rows, column + columns
        return alignment


def ranking_key(*hypotheses: Translation) -> tuple[int, float]:
    """Returns what hypotheses are ranked by, the best one first: the terms that they lack, then the score.

    Args:
        hypotheses: one hypothesis, or one of each part of a line, whose keys add up.
    """
    num_unmet = sum(len(hypothesis.unmet_terms) for hypothesis in hypotheses)
    return num_unmet, -sum(hypothesis.score for hypothesis in hypotheses)


def in_written_order(texts: Sequence[str], right_to_left: bool) -> Sequence[str]:
    """Returns translations with their words in the order in which the model writes them."""
    return [*map(reverse_words, texts)] if right_to_left else texts


def build_translations(
    source_ids: npt.NDArray[np.int32],
    found: Hypotheses,
    tokenizer: Tokenizer,
    attention_of: Callable[[npt.NDArray[np.int32], npt.NDArray[np.int32]], tf.Tensor] | None,
    right_to_left: bool,
    terms: Sequence[Sequence[str]] = (),
) -> list[Translation]:
    """Builds the translation of each sentence: the best hypothesis, with the others as alternatives.

    Args:
        source_ids: int32 [batch, source_length]; tokens, end, padding.
        found: the hypotheses.
        tokenizer: the tokenizer of source and target.
        attention_of: computes the attention, float32 [pairs, target_length, source_length], of source ids and
            as many target ids; None: no attention is computed.
        right_to_left: whether the last word was written first.
        terms: the target terms that each translation had to contain; empty: none.
    """
    ids, lengths, log_probs, scores, has_phrase = (tensor.numpy() for tensor in found)
    batch, num_hypotheses = lengths.shape
    attention = None
    if attention_of is not None:
        flat = ids.reshape(-1, ids.shape[-1])[:, : max(lengths.max(), 1)]
        attention = attention_of(source_ids.repeat(num_hypotheses, axis=0), flat).numpy()
        attention = attention.reshape(batch, num_hypotheses, *attention.shape[1:])
    results = []
    for i, source in enumerate(source_ids):
        source_tokens = tuple(tokenizer.tokens(source[source != tokenizer.padding_id].tolist()))
        ranked = []
        for j in range(num_hypotheses):
            length = int(lengths[i, j])
            if not length:  # there are fewer hypotheses than requested
                continue
            target_ids = ids[i, j, :length].tolist()
            tokens = tuple(tokenizer.tokens(target_ids))
            weights = None if attention is None else attention[i, j, :length, : len(source_tokens)].copy()
            links = None if weights is None else word_alignment(weights, tokens[:-1], source_tokens[:-1])
            # Line breaks and tabs, which a model may spell in byte tokens, would break up the output.
            text = tokenizer.decode([target_ids])[0].translate(_TO_SPACES)
            if right_to_left:
                text = reverse_words(text)
                links = links and _number_from_first_word(links, len(text.split()))
            ranked.append(
                Translation(
                    text=text,
                    score=float(scores[i, j]),
                    log_probability=float(log_probs[i, j]),
                    tokens=tokens,
                    source_tokens=source_tokens,
                    attention_by_part=None if weights is None else (weights,),
                    word_alignment=links,
                    unmet_terms=tuple(
                        term
                        for term, is_met in zip(terms[i] if terms else (), has_phrase[i, j], strict=False)
                        if not is_met
                    ),
                )
            )
        results.append(replace(ranked[0], alternatives=tuple(ranked[1:])))
    return results


def _number_from_first_word(links: WordAlignment, num_words: int) -> WordAlignment:
    """Numbers the target words from the first one, where they were numbered from the last."""
    return tuple((source, num_words - 1 - target) for source, target in reversed(links))


def join_translations(
    parts: Sequence[Translation],
    continues_word: Sequence[bool],
    alignments: bool,
    generator: np.random.Generator | None = None,
) -> Translation:
    """Joins the translations of the parts of a line.

    A hypothesis of the line is a choice of one hypothesis per part. Unmet terms and scores add up, so the
    best choices, as many as a part has hypotheses, are found by keeping the best after each part. Samples are
    combined at random instead, so that each sample of a part is used in exactly one sample of the line.

    Args:
        parts: the translations of the parts, with their alternatives.
        continues_word: for each part, whether it goes on within the last word of the part before.
        alignments: whether the parts have attention weights and word alignments.
        generator: shuffles the samples of each part, which are sorted by score; each part has the same number
            of samples. None: the hypotheses come from beam search.
    """
    if len(parts) == 1:
        return parts[0]

    hypotheses_by_part = [(part, *part.alternatives) for part in parts]
    choices: list[tuple[Translation, ...]] = [()]
    if generator is not None:
        shuffled = ([ranked[i] for i in generator.permutation(len(ranked))] for ranked in hypotheses_by_part)
        choices = sorted(zip(*shuffled, strict=True), key=lambda choice: ranking_key(*choice))
    else:
        n_best = max(map(len, hypotheses_by_part), default=1)
        for ranked in hypotheses_by_part:
            longer = ((*choice, hypothesis) for choice in choices for hypothesis in ranked)
            choices = sorted(longer, key=lambda choice: ranking_key(*choice))[:n_best]
    best, *others = (_join_hypotheses(choice, continues_word, alignments) for choice in choices)
    return replace(best, alternatives=tuple(others))


def _join_hypotheses(
    parts: Sequence[Translation], continues_word: Sequence[bool], alignments: bool
) -> Translation:
    """Joins one hypothesis per part."""
    links = []
    if alignments:
        source_words = target_words = 0
        before = ""
        for part, continues in zip(parts, continues_word, strict=True):
            source_words -= continues
            if before and part.text:
                target_words -= len(join_parts([before, part.text])) == len(before) + len(part.text)
            links += [(source_words + i, target_words + j) for i, j in part.word_alignment or ()]
            source_words += int(word_indices(part.source_tokens)[-1]) + 1
            target_words += int(word_indices(part.tokens)[-1]) + 1 if part.text else 0
            before = part.text or before
    return Translation(
        text=join_parts([part.text for part in parts]),
        score=sum((part.score for part in parts), 0.0) / max(len(parts), 1),
        log_probability=sum((part.log_probability for part in parts), 0.0),
        tokens=tuple(token for part in parts for token in part.tokens),
        source_tokens=tuple(token for part in parts for token in part.source_tokens),
        attention_by_part=tuple(block for part in parts for block in part.attention_by_part or ())
        if alignments
        else None,
        word_alignment=tuple(links) if alignments else None,
        unmet_terms=tuple(term for part in parts for term in part.unmet_terms),
    )
