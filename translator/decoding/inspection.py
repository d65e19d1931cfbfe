"""What happens inside one translation: gates, probabilities, attention and beam, for inspection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from translator.corpus.tokenizer import Tokenizer
from translator.decoding.graph import SearchGraph
from translator.decoding.long_lines import LongLines
from translator.decoding.states import IMPOSSIBLE, BeamStep
from translator.decoding.translation import Translation, build_translations
from translator.errors import ConfigError, DataError
from translator.nn.lstm import Gates
from translator.search_options import SearchOptions

_RUNNERS_UP = 5
_GATES = ("input_gate", "forget_gate", "candidate", "output_gate", "cell", "output")


@dataclass(frozen=True)
class Choice:
    """A token that is possible at one position of a translation.

    Attributes:
        token: the token.
        probability: its probability by the model, given the source and the tokens before.
    """

    token: str
    probability: float


@dataclass(frozen=True)
class BeamNode:
    """A hypothesis in the beam after one step of search; it continues one of the step before by one token.

    Attributes:
        step: from 0; its number of tokens minus one.
        parent: the index in ``Inspection.beam`` of the hypothesis that it continues; -1 at step 0.
        token: the token that it adds.
        log_probability: the log-probability of all its tokens; nats.
        score: what it is ranked by if it has ended; None if it has not.
        is_found: whether the translation that was found begins with it.
    """

    step: int
    parent: int
    token: str
    log_probability: float
    score: float | None
    is_found: bool


@dataclass(frozen=True, eq=False)
class Inspection:
    """What happens inside one translation. It equals only itself.

    Attributes:
        source: the sentence.
        translation: what was found, with the attention between the tokens.
        read_tokens: the inputs of the decoder: the start, then all tokens of the translation but the last.
        gates: by layer, such as ``encoder/forward`` or ``decoder/lstm_0``, float32 [time, units] each. The
            time steps of the encoder are the source tokens, those of the decoder ``read_tokens``.
        choices: for each position of the translation its token, then the most probable other tokens.
        beam: the hypotheses in the beam, step after step, at each step the best first.
    """

    source: str
    translation: Translation
    read_tokens: tuple[str, ...] = field(repr=False)
    gates: dict[str, Gates] = field(repr=False)
    choices: tuple[tuple[Choice, ...], ...] = field(repr=False)
    beam: tuple[BeamNode, ...] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The inspection as plain values, for JSON; numbers are rounded to 5 decimals."""
        found = self.translation
        return {
            "source": self.source,
            "translation": found.text,
            "log_probability": found.log_probability,
            "score": found.score,
            "source_tokens": list(found.source_tokens),
            "tokens": list(found.tokens),
            "read_tokens": list(self.read_tokens),
            "attention": None if found.alignment is None else _plain(found.alignment),
            "gates": {
                layer: {name: _plain(getattr(gates, name)) for name in _GATES}
                for layer, gates in self.gates.items()
            },
            "choices": [[asdict(choice) for choice in choices] for choices in self.choices],
            "beam": [asdict(node) for node in self.beam],
        }


def _plain(array: npt.NDArray[np.float32]) -> Any:
    """An array as nested lists."""
    return np.round(array.astype(np.float64), 5).tolist()


def inspect(
    graph: SearchGraph,
    tokenizer: Tokenizer,
    text: str,
    options: SearchOptions,
    long_lines: LongLines,
    right_to_left: bool,
) -> Inspection:
    """Translates one sentence and records what happens inside.

    Args:
        graph: the model.
        tokenizer: its tokenizer.
        text: the sentence.
        options: the options of search.
        long_lines: decides whether the sentence would be translated in parts.
        right_to_left: whether the model writes the last word first.

    Raises:
        ConfigError: if an option cannot be inspected, or several models translate.
        DataError: if the text is empty, or so long that it is translated in parts.
    """
    ids = tokenizer.encode([text])[0]
    if not ids:
        raise DataError("there is no text to inspect; give a sentence")
    if len(ids) > long_lines.longest:
        raise DataError(
            f"the text has {len(ids)} tokens, and more than {long_lines.longest} are translated in parts; "
            "give one of its sentences"
        )
    if options.sampling or options.shortlist:
        raise ConfigError("inspection shows a beam search over all tokens; leave out sampling and shortlist")
    if len(graph.networks) > 1:
        raise ConfigError("inspection shows the gates of a single model; give one model")
    source_ids = np.array([[*ids, tokenizer.end_id]], np.int32)
    steps: list[BeamStep] = []
    found = graph.search_eagerly(source_ids, options, steps.append)
    (translation,) = build_translations(source_ids, found, tokenizer, graph.attention, right_to_left)
    target_ids = found.ids.numpy()[:, 0, : len(translation.tokens)]
    log_probs = graph.distributions(source_ids, target_ids).numpy()[0]
    return Inspection(
        source=text,
        translation=translation,
        read_tokens=tuple(tokenizer.tokens([tokenizer.start_id, *target_ids[0, :-1].tolist()])),
        gates=_gates(graph, source_ids, target_ids),
        choices=token_choices(log_probs, target_ids[0], tokenizer),
        beam=beam_nodes(steps, tokenizer),
    )


def trace_gates(graph: SearchGraph, tokenizer: Tokenizer, text: str, translation: str) -> dict[str, Gates]:
    """What the gates of every LSTM do while a sentence is read and a given translation is written.

    Args:
        graph: the model.
        tokenizer: its tokenizer.
        text: the sentence.
        translation: a translation, its words in the order in which the model writes them.

    Returns:
        By layer: float32 [time, units] each.
    """
    source_ids, target_ids = (
        np.array([[*tokenizer.encode([side])[0], tokenizer.end_id]], np.int32) for side in (text, translation)
    )
    return _gates(graph, source_ids, target_ids)


def _gates(
    graph: SearchGraph, source_ids: npt.NDArray[np.int32], target_ids: npt.NDArray[np.int32]
) -> dict[str, Gates]:
    """The gates of one pair, int32 [1, source_length] and [1, target_length]."""
    return {
        layer: Gates(*(part.numpy()[0] for part in gates))
        for layer, gates in graph.gates(source_ids, target_ids).items()
    }


def token_choices(
    log_probs: npt.NDArray[np.float32], ids: npt.NDArray[np.int32], tokenizer: Tokenizer
) -> tuple[tuple[Choice, ...], ...]:
    """The token at each position of a translation, and the most probable other tokens.

    Args:
        log_probs: float32 [target_length, vocabulary]; of every token at each position.
        ids: int32 [target_length]; the translation.
        tokenizer: its tokenizer.
    """
    choices = []
    for distribution, written in zip(log_probs, ids.tolist(), strict=True):
        most_probable = np.argsort(-distribution, kind="stable")[: _RUNNERS_UP + 1].tolist()
        shown = [written, *[id_ for id_ in most_probable if id_ != written][:_RUNNERS_UP]]
        choices.append(
            tuple(
                Choice(token, float(np.exp(distribution[id_])))
                for id_, token in zip(shown, tokenizer.tokens(shown), strict=True)
            )
        )
    return tuple(choices)


def beam_nodes(steps: Sequence[BeamStep], tokenizer: Tokenizer) -> tuple[BeamNode, ...]:
    """The hypotheses in the beam of one sentence after each step of search."""
    finished = steps[-1].finished
    ended = {
        tuple(ids[:length].tolist()): float(score)
        for ids, length, score in zip(
            finished.ids.numpy()[0], finished.lengths.numpy()[0], finished.scores.numpy()[0], strict=True
        )
        if length
    }
    best = next(iter(ended))
    nodes: list[BeamNode] = []
    before: dict[int, tuple[int, tuple[int, ...]]] = {0: (-1, ())}  # beam slot -> index of the node, its ids
    for number, step in enumerate(steps):
        slots = {}
        rows = zip(*(part.numpy()[0].tolist() for part in step[:3]), strict=True)
        for slot, (parent, token_id, log_prob) in enumerate(rows):
            if log_prob <= IMPOSSIBLE / 2:
                continue
            index, ids = before[parent]
            ids = (*ids, token_id)
            slots[slot] = len(nodes), ids
            nodes.append(
                BeamNode(
                    step=number,
                    parent=index,
                    token=tokenizer.tokens([token_id])[0],
                    log_probability=log_prob,
                    score=ended.get(ids),
                    is_found=ids == best[: len(ids)],
                )
            )
        before = slots
    return tuple(nodes)
