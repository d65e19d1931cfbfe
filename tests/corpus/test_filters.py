import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import translator.corpus.filters as module
from translator.corpus.filters import (
    FilterReport,
    PairFilter,
    length_in_words,
    lengths_in_words,
    split_into_blocks,
)
from translator.corpus.readers import Pair
from translator.corpus.sampling import sample_evenly


def filter_pairs(pairs, max_words: int, max_ratio: float) -> tuple[list[Pair], FilterReport]:
    """Returns the pairs that are kept of a corpus, and the counts."""
    pair_filter, kept = PairFilter(max_words, max_ratio), []
    for block in split_into_blocks(pairs):
        kept += block.select(np.flatnonzero(pair_filter.mask(block))).pairs()
    return kept, pair_filter.report


def words(number: int, word: str = "word") -> str:
    return " ".join([word] * number)


def test_dropped_pairs_are_counted_by_reason():
    pairs = [
        Pair("A dog.", "Ein Hund."),
        Pair("", "Nichts."),
        Pair("Nothing.", " \t"),
        Pair("", ""),
        Pair(words(11), words(8)),
        Pair(words(8), words(12)),
        Pair(words(9), words(2)),
        Pair(words(2), words(7)),
        Pair(words(1), words(10)),
        Pair("A dog.", "Ein Hund."),
        Pair("A cat.", "Eine Katze."),
    ]
    kept, report = filter_pairs(pairs, max_words=10, max_ratio=3.0)
    assert kept == [Pair("A dog.", "Ein Hund."), Pair("A cat.", "Eine Katze.")]
    assert report == FilterReport(
        num_read=11,
        num_kept=2,
        dropped={
            "with an empty side": 3,
            "longer than 10 words": 2,
            "with lengths more than 3 times apart": 3,
            "repeated": 1,
        },
    )
    assert str(report) == (
        "2 of 11 pairs kept; dropped: 3 with an empty side, 2 longer than 10 words, "
        "3 with lengths more than 3 times apart, 1 repeated"
    )


def test_the_report_of_a_clean_corpus_gives_no_reasons():
    kept, report = filter_pairs((Pair(f"number {i}", f"Zahl {i}") for i in range(12_345)), 10, 3.0)
    assert len(kept) == 12_345
    assert str(report) == "12,345 of 12,345 pairs kept"


def test_every_count_in_the_report_has_thousands_separators():
    _, report = filter_pairs([Pair("a", "b")] * 2_001, 10, 3.0)
    assert str(report) == "1 of 2,001 pairs kept; dropped: 2,000 repeated"


def test_a_fractional_ratio_is_shown_as_given():
    _, report = filter_pairs([Pair(words(2), words(6))], 10, 2.5)
    assert report.dropped == {"with lengths more than 2.5 times apart": 1}


@given(
    st.lists(
        st.one_of(
            st.text(),
            st.lists(st.sampled_from(["a", " ", "\n", "\t", "\x1f", "\x85", "\xa0", "¡", "à", "\x7f"])).map(
                "".join
            ),
            st.lists(st.sampled_from(["ab", " ", "\u0e01", "\u3000", "日本", "\ud800", "“", "\0"])).map(
                "".join
            ),
        )
    )
)
def test_lengths_of_many_texts_are_those_of_each_text(texts):
    assert lengths_in_words(texts).tolist() == [length_in_words(text) for text in texts]


def test_lengths_count_words_or_half_the_characters():
    assert [length_in_words(text) for text in ("", " a\u00a0b ", "日本語です", "日本語 a b")] == [0, 2, 2, 3]


def test_pairs_at_the_limits_are_kept():
    pairs = [Pair(words(10), words(10)), Pair(words(2), words(6))]
    assert filter_pairs(pairs, max_words=10, max_ratio=3.0)[0] == pairs


def test_a_short_pair_may_have_any_ratio():
    pairs = [Pair("Thanks!", "Vielen Dank auch dafür, Max!"), Pair("Los gehen wir jetzt alle.", "Go.")]
    assert filter_pairs(pairs, max_words=10, max_ratio=1.0)[0] == pairs


def test_outer_spaces_are_removed_and_inner_ones_stay():
    kept, report = filter_pairs(
        [Pair(" A  dog. \u3000", "\tEin\u00a0Hund.\n"), Pair("A  dog.", "Ein\u00a0Hund.")], 9, 3
    )
    assert kept == [Pair("A  dog.", "Ein\u00a0Hund.")]
    assert report.dropped == {"repeated": 1}


def test_only_a_pair_with_both_sides_repeated_is_a_duplicate():
    pairs = [Pair("run", "laufen"), Pair("run", "rennen"), Pair("dash", "rennen"), Pair("laufen", "run")]
    assert filter_pairs(pairs, 10, 3.0)[0] == pairs


def test_text_without_spaces_is_counted_by_its_characters():
    chinese = "这个城市的图书馆每天早上八点开门晚上九点关门"  # 22 characters: 11 words
    english = "The city's library opens at eight in the morning and closes at nine in the evening."
    assert filter_pairs([Pair(english, chinese)], max_words=20, max_ratio=2.0)[1].num_kept == 1
    assert filter_pairs([Pair(chinese, chinese)], max_words=11, max_ratio=2.0)[1].num_kept == 1
    assert filter_pairs([Pair(chinese, chinese)], max_words=10, max_ratio=2.0)[1].num_kept == 0


SENTENCES_WITHOUT_SPACES = {
    "Thai": "รัฐบาลประกาศมาตรการใหม่เพื่อช่วยเหลือเกษตรกรรายย่อยในภาคเหนือ",
    "Khmer": "រដ្ឋាភិបាលបានប្រកាសវិធានការថ្មីដើម្បីជួយកសិករខ្នាតតូចនៅភាគខាងជើង",
    "Lao": "ລັດຖະບານປະກາດມາດຕະການໃໝ່ເພື່ອຊ່ວຍເຫຼືອຊາວກະສິກອນລາຍຍ່ອຍໃນພາກເໜືອ",
    "Burmese": "အစိုးရသည်မြောက်ပိုင်းရှိလယ်သမားများကိုကူညီရန်အစီအမံသစ်များကိုကြေညာခဲ့သည်",
}


@pytest.mark.parametrize("language", SENTENCES_WITHOUT_SPACES)
def test_southeast_asian_scripts_without_spaces_are_counted_by_their_characters(language):
    english = "The government announced new measures to help small farmers in the north."
    pair = Pair(english, SENTENCES_WITHOUT_SPACES[language])
    assert filter_pairs([pair], max_words=150, max_ratio=9.0)[0] == [pair]


@pytest.mark.parametrize(
    ("text", "num_words"),
    [
        ("오늘 아침에 도서관이 문을 여덟 시에", 6),
        ("a dog " + 20 * "😀", 3),
        ("ﺍﻟﺴﻼﻡ ﻋﻠﻴﻜﻢ", 2),
        ("𞤀𞤣𞤤𞤢𞤥 𞤆𞤵𞤤𞤢𞤪", 2),
        ("ＡＢＣ ＤＥＦ", 2),
        ("𝐇𝐞𝐥𝐥𝐨 𝐰𝐨𝐫𝐥𝐝", 2),
        ("これはペンです。", 3),
    ],
)
def test_only_letters_of_scripts_without_spaces_are_counted_one_by_one(text, num_words):
    assert lengths_in_words([text]).tolist() == [length_in_words(text)] == [num_words]


def test_a_short_line_with_many_emoji_is_kept():
    pair = Pair("Good dog " + 20 * "\N{DOG FACE}", "Guter Hund")
    assert filter_pairs([pair], max_words=150, max_ratio=9.0)[0] == [pair]


def test_a_side_of_invisible_characters_is_empty():
    marks = ("\u200b", "\ufeff", "\u00ad", "\x07", "\u200b \u200b", "\u200f", "\u2066 \u2069", "\u200d")
    pairs = [Pair("Hello.", invisible) for invisible in marks]
    assert filter_pairs(pairs, 10, 3.0)[1].dropped == {"with an empty side": 8}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100, 10_000])
def test_duplicates_are_found_however_far_apart_they_are(size, monkeypatch):
    monkeypatch.setattr(module, "_PAIRS_PER_BLOCK", size)
    numbers = np.random.default_rng(size).integers(500, size=1000).tolist()
    kept, report = filter_pairs([Pair(f"number {i}", f"Zahl {i}") for i in numbers], 10, 3.0)
    assert [pair.source for pair in kept] == [f"number {i}" for i in dict.fromkeys(numbers)]
    assert report.dropped == {"repeated": 1000 - len(set(numbers))}


SIDES = st.lists(st.sampled_from(["a", "b", " ", "\t"]), max_size=9).map(" ".join)


@given(st.lists(st.builds(Pair, SIDES, SIDES)))
def test_kept_and_dropped_pairs_add_up_to_the_corpus(pairs):
    kept, report = filter_pairs(pairs, max_words=7, max_ratio=2.0)
    expected = []
    for source, target in pairs:
        pair = Pair(source.strip(), target.strip())
        shorter, longer = sorted([len(source.split()), len(target.split())])
        if shorter and longer <= 7 and (longer <= 5 or longer <= 2 * shorter) and pair not in expected:
            expected.append(pair)
    assert kept == expected
    assert report.num_read == len(pairs)
    assert report.num_kept == len(kept)
    assert report.num_read == report.num_kept + sum(report.dropped.values())
    assert all(count > 0 for count in report.dropped.values())


@pytest.mark.parametrize(("num_items", "size"), [(0, 3), (3, 3), (4, 3), (10, 4), (1014, 1000), (2000, 1000)])
def test_an_even_sample_takes_one_item_from_each_stretch(num_items, size):
    sample = list(sample_evenly(range(num_items), size))
    assert len(sample) == min(num_items, size)
    assert sample == sorted(set(sample)) == list(sample_evenly(range(num_items), size))
    if num_items > size:
        stretches = [range(i * num_items // size, (i + 1) * num_items // size) for i in range(size)]
        assert all(item in stretch for item, stretch in zip(sample, stretches, strict=True))


def test_an_even_sample_of_alternating_languages_has_both():
    sample = sample_evenly(["source", "target"] * 1000, 1000)
    assert 400 < sample.count("source") < 600
