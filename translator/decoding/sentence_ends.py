"""Marks where the sentences and clauses of a text end, inside a TensorFlow graph.

Which characters end them is Unicode's data (``Sentence_Terminal`` and ``Terminal_Punctuation``). Stops and
commas in ASCII also occur in numbers, addresses and abbreviations: they count before a space only, and a stop
not after an abbreviation, a single letter or a number of one or two digits. Quotation marks and brackets that
close after a stop belong to its sentence.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import regex
import tensorflow as tf

# Control characters, which normalized text does not contain.
SENTENCE_MARK, CLAUSE_MARK, NO_MARK = "\x04", "\x03", "\x01"
MARKS = SENTENCE_MARK + CLAUSE_MARK + NO_MARK

# In any case of letters; none of them is also a word that often ends a sentence.
_ABBREVIATIONS = (
    r"mr|mrs|ms|messrs|dr|drs|prof|st|sr|jr|rev|hon|gen|col|capt|lt|sgt|gov|mt|ft|ph\.d|vs|cf|ca|approx|al|"
    "hr|hrn|fr|frl|ing|dipl|abb|bzw|bspw|ebd|evtl|ggf|inkl|exkl|einschl|entspr|sog|vgl|zzgl|geb|insb|mio|mrd|"
    "mm|mme|mmes|mlle|mlles|mgr|av|bd|sra|srta|sres|dra|dña|ud|uds|vd|lic|avda|exmo|exma|profa|eng|"
    "sig|sigg|dott|dhr|mevr|bijv|incl|inż|tzn|tzw|np|ul|doç|bkz|örn|проф|акад|им|ул|гг|руб|тыс|млн|млрд"
)
_BEFORE_NUMBERS = (  # other words otherwise
    "no|nos|nr|nrs|núm|nº|n°|vol|vols|fig|figs|eq|sec|ch|pp|art|arts|abs|kap|bl|blz|pág|págs|pag|cap|chap|"
    "jan|feb|mar|apr|jun|jul|aug|sep|sept|okt|oct|nov|dec|dez|č|čl|str|стр|рис|гл|табл"
)
_OPENING = r"""[ \-–—/\p{Ps}\p{Pi}\p{Pf}"']"""
_CLOSING_OR_OPENING = r"""[\p{Pe}\p{Pf}\p{Pi}"']*"""  # before a space, no quotation mark opens
_CLOSING = r"""\p{Pe}\p{Pf}"'"""
_LETTER = r"\p{L}\p{M}*"


def mark_ends(texts: tf.Tensor) -> tf.Tensor:
    """Inserts a mark behind every sentence and every clause of some texts.

    Args:
        texts: string of any shape, normalized by a tokenizer.

    Returns:
        The texts with ``SENTENCE_MARK`` and ``CLAUSE_MARK`` where a line may well be cut, and ``NO_MARK``
        behind some stops that end no sentence.
    """
    for pattern, replacement in _rules():
        texts = tf.strings.regex_replace(texts, pattern, replacement)
    return texts


@cache
def _rules() -> tuple[tuple[str, str], ...]:
    """Returns regular expressions in the syntax of RE2 with their replacements, to apply one by one."""
    stops = _non_ascii(r"\p{Sentence_Terminal}")
    in_number = rf"(\p{{Nd}}[．，：﹒﹐﹕])[{SENTENCE_MARK}{CLAUSE_MARK}](\p{{Nd}})", r"\1\2"
    commas = _non_ascii(r"[\p{Terminal_Punctuation}--\p{Sentence_Terminal}]")
    return (
        (
            rf"((?:^|{_OPENING})(?:(?i:{_ABBREVIATIONS})|(?:{_LETTER}\.-?)*{_LETTER}|\p{{Nd}}{{1,2}})\.)",
            rf"\1{NO_MARK}",
        ),
        (rf"((?:^|{_OPENING})(?i:{_BEFORE_NUMBERS})\.)( \p{{Nd}})", rf"\1{NO_MARK}\2"),
        (r"(&(?:[A-Za-z]{2,8}|#[0-9]{1,6});)", rf"\1{NO_MARK}"),  # a character reference, such as &amp;
        (rf"([.!?…]{_CLOSING_OR_OPENING}(?: »)?)( )", rf"\1{SENTENCE_MARK}\2"),
        (rf"([{stops}][{stops}!?…{_CLOSING}]*)", rf"\1{SENTENCE_MARK}"),
        (rf"([,;:]{_CLOSING_OR_OPENING})( )", rf"\1{CLAUSE_MARK}\2"),
        (rf"([{commas}][{_CLOSING}]*)", rf"\1{CLAUSE_MARK}"),
        *2 * [in_number],  # twice, because matches that share a digit are found in turn
    )


def _non_ascii(characters: str) -> str:
    """Returns all characters outside ASCII of a set in the syntax of ``regex``, which knows more than RE2."""
    every = np.arange(0x80, 0x110000, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    return "".join(regex.findall(characters, every, regex.V1))
