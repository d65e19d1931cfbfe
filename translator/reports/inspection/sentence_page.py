"""The page that shows what happens inside one translation."""

from __future__ import annotations

import re

from translator.decoding.inspection import Inspection
from translator.reports.inspection.attention import attention_of_pieces, attention_of_words
from translator.reports.inspection.beam import beam_tree
from translator.reports.inspection.gates import SHOWN_UNITS, gates_of_layer
from translator.reports.inspection.pieces import readable
from translator.reports.inspection.probabilities import probabilities
from translator.reports.page import Page, Section


def sentence_page(inspection: Inspection) -> Page:
    """All pictures of a translation, with how to read them."""
    found = inspection.translation
    sections = []
    if (words := attention_of_words(found)) is not None:
        sections.append(
            Section(
                "Attention between words",
                "Each row is a word of the translation, and the stronger the colour of a cell, the more it "
                "looked at that word of the source while it was written. The dot of a row is the source "
                "word that it looked at most, which is taken for what it translates.",
                words,
            )
        )
    sections.append(
        Section(
            "Attention between pieces",
            "The same between the pieces into which the model cuts text, where ▁ is a space and </s> the end "
            "of the sentence. The cells of a row add up to 1: where one is strong, the model knew where to "
            "look, and where many are weak, it drew on all of them.",
            attention_of_pieces(found),
        )
    )
    sections.append(
        Section(
            "Probabilities",
            "Each row is a place in the translation, with the piece that was written and the five likeliest "
            "others; the longer the bar, the more probable the piece was there. Where the first bar is "
            "short, the model was in doubt, and a longer bar beside it is a piece that the search passed "
            "over, for what would have followed or because an option forbids it.",
            probabilities(inspection.choices),
        )
    )
    sections.append(
        Section(
            "Beam",
            "From top to bottom, each line of the tree holds the hypotheses that the search kept after one "
            "more piece, joined to what they continue; the strong path is the translation that was found. "
            "The number below a piece is the log-probability of everything up to it (nearer to 0 is more "
            "probable), a square is an end, and a path that stops without one was dropped for better ones.",
            beam_tree(inspection.beam, inspection.read_tokens[0]),
        )
    )
    sections += [_layer(inspection, name) for name in inspection.gates]
    return Page(
        title="Inside one translation",
        lead=f"{inspection.source}\n{found.text}",
        sections=sections,
    )


def _layer(inspection: Inspection, name: str) -> Section:
    """The section of one LSTM layer."""
    gates = inspection.gates[name]
    in_encoder = name.startswith("encoder/")
    tokens = inspection.translation.source_tokens if in_encoder else inspection.read_tokens
    order = "from the last piece to the first" if name == "encoder/backward" else "from left to right"
    shown = min(SHOWN_UNITS, gates.cell.shape[1])
    heading = f"Gates: {name.replace('/', ', ')}"
    heading = re.sub(r"lstm_(\d+)", lambda match: f"layer {int(match[1]) + 1}", heading)
    return Section(
        heading,
        f"This layer reads the columns {order}; the lines on top say how far its gates are open on average, "
        f"and each row of the heat maps is one of its {shown} most active memory cells of "
        f"{gates.cell.shape[1]}. At each piece the new cell state is forget gate × old cell state + input "
        "gate × candidate, so a cell whose forget gate stays near 1 remembers; click on a row to see that "
        "cell alone below.",
        gates_of_layer(gates, readable(tokens), "source piece" if in_encoder else "piece before"),
    )
