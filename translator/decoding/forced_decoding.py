"""How probable given translations are (forced decoding)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from translator.corpus.tokenizer import Tokenizer
from translator.decoding.batching import group_by_length, padded
from translator.decoding.graph import SearchGraph


def log_probabilities(
    graph: SearchGraph, tokenizer: Tokenizer, sources: Sequence[str], targets: Sequence[str]
) -> list[float]:
    """The natural logarithm of the probability of each target given its source, the end included.

    Args:
        graph: the networks.
        tokenizer: their tokenizer.
        sources: sentences.
        targets: a translation of each, its words in the order in which the networks write them.

    Raises:
        ValueError: if there are not as many targets as sources.
    """
    source_ids, target_ids = (
        [[*ids, tokenizer.end_id] for ids in tokenizer.encode(texts)] for texts in (sources, targets)
    )
    lengths = [max(map(len, pair)) for pair in zip(source_ids, target_ids, strict=True)]
    log_probs = np.zeros(len(lengths))
    for batch in group_by_length(lengths):
        batch_ids = (
            padded([ids[i] for i in batch], tokenizer.padding_id) for ids in (source_ids, target_ids)
        )
        log_probs[batch] = graph.log_probs(*batch_ids).numpy().sum(axis=1)
    return [float(value) for value in log_probs]
