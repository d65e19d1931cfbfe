"""The page that shows what happens inside one translation, with a caption for each chart."""

from __future__ import annotations

import re

from translator.decoding.inspection import Inspection
from translator.decoding.translation import Translation
from translator.reports.inspection.attention import attention_between_tokens, attention_between_words
from translator.reports.inspection.beam import beam_chart
from translator.reports.inspection.gates import MAX_UNITS, gate_charts
from translator.reports.inspection.probabilities import probability_chart
from translator.reports.inspection.token_labels import token_labels
from translator.reports.page import Page, Section


def sentence_page(inspection: Inspection) -> Page:
    """Returns the page with all charts of a translation and how to read them."""
    translation = inspection.translation
    sections = [*_attention_sections(translation), _probabilities(inspection), _beam(inspection)]
    sections += [_layer(inspection, name) for name in inspection.gates]
    return Page(
        title="Inside one translation",
        lead=f"{inspection.source}\n{translation.text}",
        sections=sections,
    )


def _attention_sections(translation: Translation) -> list[Section]:
    """Attention between tokens, and before it between words, where both sides have several words."""
    between_tokens = Section(
        "Attention between tokens",
        "Tokens are the words and parts of words that the model reads and writes; ▁ stands for a space and "
        "</s> for the end of the sentence. Each row is a token of the translation, and its attention weights "
        "over the source tokens add up to 1. One strong cell means that the model relied on a single source "
        "token; many weak cells mean that it averaged over several.",
        attention_between_tokens(translation),
    )
    chart = attention_between_words(translation)
    if chart is None:
        return [between_tokens]
    between_words = Section(
        "Attention between words",
        "Each row is a word of the translation, each column a word of the source. The stronger the colour of "
        "a cell, the more attention the model paid to that source word while it wrote the word of the row. "
        "The dot marks the source word with the highest weight: the two words are taken for translations of "
        "each other.",
        chart,
    )
    return [between_words, between_tokens]


def _probabilities(inspection: Inspection) -> Section:
    """The section of the token probabilities."""
    return Section(
        "Probabilities",
        "Each row is one position of the translation: the token that was written and the five most probable "
        "alternatives. The longer the bar, the more probable the token, given the source and the tokens "
        "before it. A short first bar means that the model was uncertain. A longer bar to its right is a "
        "token that the search passed over, because what followed it scored lower or an option forbids it.",
        probability_chart(inspection.choices),
    )


def _beam(inspection: Inspection) -> Section:
    """The section of the beam search."""
    return Section(
        "Beam search",
        "The search extends several hypotheses by one token at a time and keeps only the best: each row of "
        "the tree, from top to bottom, is one such step. The highlighted path is the translation. The number "
        "below a token is the log-probability of the hypothesis up to there; closer to 0 is more probable. A "
        "square marks a finished hypothesis, and a path that stops without one was dropped for better ones.",
        beam_chart(inspection.beam, inspection.read_tokens[0]),
    )


def _layer(inspection: Inspection, name: str) -> Section:
    """The section of one LSTM layer."""
    gates = inspection.gates[name]
    num_units = gates.cell.shape[1]
    num_shown = min(MAX_UNITS, num_units)
    is_encoder = name.startswith("encoder/")
    if name == "encoder/backward":
        reads = "the source from its last token to its first"
    elif is_encoder:
        reads = "the source from its first token to its last"
    else:
        reads = "the tokens of the translation as they are written"
    heading = f"LSTM gates: {name.replace('/', ', ')}"
    heading = re.sub(r"lstm_(\d+)", lambda match: f"layer {int(match[1]) + 1}", heading)
    return Section(
        heading,
        f"This layer reads {reads}, one per column. Each of its {num_units} units remembers a number, its "
        "cell state: new cell state = forget gate × old cell state + input gate × candidate, where the gates "
        "and the candidate are computed from the token and the layer's previous output. The new output is "
        f"output gate × tanh(new cell state). The rows of the heat maps are the {num_shown} most active "
        "units; one whose forget gate stays near 1 remembers over many tokens.",
        gate_charts(
            gates,
            token_labels(inspection.translation.source_tokens if is_encoder else inspection.read_tokens),
            "source token" if is_encoder else "previous token of the translation",
        ),
    )
