"""The page of a sentence has all of its charts, each with a short caption."""

import dataclasses
import re

import numpy as np
import vl_convert

from translator.reports.inspection.sentence_page import sentence_page
from translator.reports.page import write_html


def test_the_page_has_a_section_for_every_chart(inspection):
    headings = [section.heading for section in sentence_page(inspection).sections]
    assert headings == [
        "Attention between words",
        "Attention between tokens",
        "Probabilities",
        "Beam search",
        "LSTM gates: encoder, forward",
        "LSTM gates: encoder, backward",
        "LSTM gates: encoder, layer 2",
        "LSTM gates: decoder, layer 1",
        "LSTM gates: decoder, layer 2",
    ]


def test_every_chart_has_a_caption_of_a_few_sentences(inspection):
    for section in sentence_page(inspection).sections:
        assert len(re.findall(r"\.(?: |$)", section.how_to_read)) in (3, 4), section.heading
        assert section.how_to_read.endswith(".")


def test_every_chart_can_be_drawn(inspection):
    for section in sentence_page(inspection).sections:
        assert vl_convert.vegalite_to_svg(section.content.to_dict()).startswith("<svg"), section.heading


def test_text_without_spaces_has_no_attention_between_words(inspection):
    found = dataclasses.replace(
        inspection.translation,
        source_tokens=tuple(token.replace("▁", "") for token in inspection.translation.source_tokens),
    )
    sections = sentence_page(dataclasses.replace(inspection, translation=found)).sections
    assert sections[0].heading == "Attention between tokens"


def test_an_empty_translation_has_a_page(inspection, tmp_path):
    found = dataclasses.replace(
        inspection.translation,
        text="",
        tokens=("</s>",),
        attention_by_part=(np.full_like(inspection.translation.alignment[:1], 0.1),),
        word_alignment=(),
    )
    end = dataclasses.replace(inspection.beam[0], token="</s>", score=-1.0, is_found=True)
    empty = dataclasses.replace(
        inspection,
        translation=found,
        read_tokens=inspection.read_tokens[:1],
        gates={
            name: type(gates)(*(part[:1] for part in gates)) if "decoder" in name else gates
            for name, gates in inspection.gates.items()
        },
        choices=inspection.choices[:1],
        beam=(end,),
    )
    write_html(sentence_page(empty), tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size > 500_000  # the JavaScript that draws is inside
