"""Particles that are written together with a word: after it in Korean, before it in Arabic.

A glossary term is found with them, so that one entry serves for "도시", "도시의" and "도시에서는", or for
"كتاب", "الكتاب" and "والكتاب". Only closed classes of particles are listed; inflected forms need entries of
their own.
"""

from __future__ import annotations

import re

# Korean particles have one form after a consonant and another one after a vowel.
_AFTER_CONSONANT = ("이", "은", "을", "과", "으로", "으로서", "으로써", "이랑", "이나")
_AFTER_VOWEL = ("가", "는", "를", "와", "로", "로서", "로써", "랑", "나")
_AFTER_BOTH: tuple[str, ...] = (
    "들",
    "의",
    "에",
    "에서",
    "에게",
    "에게서",
    "께",
    "께서",
    "한테",
    "한테서",
    "하고",
    "도",
    "만",
)
_AFTER_BOTH += ("까지", "부터", "보다", "처럼", "마다", "조차", "마저", "밖에", "뿐", "대로", "만큼")
_FIRST_SYLLABLE, _LAST_SYLLABLE, _NUM_FINALS, _FINAL_L = "가", "힣", 28, 8

# The article, after "and" and "with" or "like"; or "for the".
_ARABIC_BEFORE = re.compile("[وف]?(?:[بك]?ال|لل)")
MAX_ARABIC_BEFORE = 4  # letters


def are_korean_particles(before: str, text: str) -> bool:
    """Whether a text consists of particles that may follow a word.

    Args:
        before: the last letter of the word.
        text: the letters after it, up to the end of the word between spaces; at least one.
    """
    if not _FIRST_SYLLABLE <= before <= _LAST_SYLLABLE:
        return False
    final = (ord(before) - ord(_FIRST_SYLLABLE)) % _NUM_FINALS  # 0: the syllable ends with its vowel

    def may_follow(particle: str) -> bool:
        if particle.startswith(("로", "으로")):  # after L, as after a vowel
            return particle.startswith("로") == (final in (0, _FINAL_L))
        return particle not in (_AFTER_CONSONANT if final == 0 else _AFTER_VOWEL)

    return any(
        text == particle or are_korean_particles(particle[-1], text[len(particle) :])
        for particle in (*_AFTER_CONSONANT, *_AFTER_VOWEL, *_AFTER_BOTH)
        if text.startswith(particle) and may_follow(particle)
    )


def is_arabic_article(text: str) -> bool:
    """Whether the letters before a term are the article, with what is written before it."""
    return _ARABIC_BEFORE.fullmatch(text) is not None
