"""Where sentences and clauses end, in many scripts."""

import pytest
import regex
import tensorflow as tf

from translator.decoding.sentence_ends import CLAUSE_MARK, NO_MARK, SENTENCE_MARK, mark_ends


def marked(*texts):
    """The texts with ``|`` where a sentence ends and ``/`` where a clause does."""
    return [
        text.decode().replace(NO_MARK, "").replace(SENTENCE_MARK, "|").replace(CLAUSE_MARK, "/")
        for text in mark_ends(tf.constant(texts)).numpy()
    ]


def check(marked_texts):
    """Checks that exactly the given marks are set."""
    assert marked(*(text.replace("|", "").replace("/", "") for text in marked_texts)) == marked_texts


def test_a_stop_before_a_space_ends_a_sentence():
    check([" He came.| She left!| Why?!| Well…| So it ends.", " At 10:30 he had 3.5 of 1,000;/ a.b@c.de."])


def test_every_sentence_terminal_of_unicode_ends_a_sentence():
    every = "".join(map(chr, [*range(0x20, 0xD800), *range(0xE000, 0x110000)]))
    stops = regex.findall(r"\p{Sentence_Terminal}", every)
    assert len(stops) > 100
    check([f" \u05d0\u05d1{stop}| \u05d2" for stop in stops])


def test_stops_outside_ascii_need_no_space():
    check(
        [
            " 他走了。|她来了！|为什么？|好｡|对．|",
            " राम गया।|सीता आई॥|",
            " وہ گیا۔|وہ آئی؟|",
            " ሄደ።|መጣ",
            " Նա գնաց։|",
            " សួស្តី។|",
        ]
    )


def test_a_fullwidth_stop_between_digits_ends_nothing():
    check([" 約３．１４です．|次は１，０００，０００", " １．２．３．４"])


def test_closing_quotation_marks_and_brackets_belong_to_the_sentence_before():
    check(
        [
            ' "He came."| She left.',
            " (He came.)| 'She left.'| «Er kam.»| „Er kam.“| ”Han kom.”| “He came.”| »Er kam.«| Und?",
            " « Il est venu. »| Elle est partie.",
            " Er kam.| »Warum?«| „Darum.“| Sie ging.",
            ' He came.| "Why?"| he asked.',
            " 「来た。」|彼は言った。|（はい。）|",
            " 他说：/“好。”|“为什么？”|",
            " وہ گیا۔”|",
        ]
    )


@pytest.mark.parametrize(
    "text",
    [
        " Mr. Smith met Dr. No.| He left.",
        " MR. SMITH, PROF. X AND St. JOHN",
        " Das gilt z. B. für Hunde, d. h. alle.| Und bzw. ca. 5 Katzen.",
        " This, e.g. that, i.e. the U.S. economy",
        " J. R. R. Tolkien, J.-P. Sartre (L. Tolstoj)",
        " am 3. Oktober im 20. Jahrhundert",
        " See Fig. 3 and No. 512.| He said yes.| Men came in 1999.| Good.",
        " La Sra. Pérez y el Sr. Gómez",
        " А. С. Пушкин, т. е. проф. Иванов.| Да.| Нет.",
        " π.χ. αυτό.| Και",
        " डॉ. राम ने कहा",
        " a Ph.D. thesis (cf. above)",
    ],
)
def test_abbreviations_end_no_sentence(text):
    [found] = marked(text.replace("|", ""))
    assert found.replace("/", "") == text


def test_commas_of_all_scripts_end_a_clause():
    check(
        [
            " Ada, bob;/ cid:/ dee".replace("Ada, ", "Ada,/ "),
            " 我来，/你去；/他说：/好、/行",
            " ذهب،/ثم؛/عاد",
            " ሄደ፣/መጣ",
        ]
    )


def test_a_character_reference_ends_no_clause():
    check([" the dogs&apos; bones &amp; a cat;/ &#124; end"])
