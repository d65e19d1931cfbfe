import pytest
from references.compressed_files import message_of, write

from translator.corpus.formats.pair_files import stream_pairs
from translator.corpus.readers import Pair

DOG, CAT, HEN = Pair("A dog.", "Ein Hund."), Pair("A cat.", "Eine Katze."), Pair("A hen.", "Eine Henne.")
LINES = ["A dog.\tEin Hund.", "A cat.\tEine Katze.", "A hen.\tEine Henne."]


def read(path, content):
    """Returns the pairs of a file and what was skipped."""
    stream = stream_pairs(write(path, content), None, "en", "de")
    return list(stream), stream.skipped


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"A cow.", "with too few columns"),
        (b"", "blank"),
        (b" \r", "blank"),
        (b"A c\xf6w.\tEine Kuh.", "not valid UTF-8"),
    ],
)
@pytest.mark.parametrize("name", ["pairs.tsv", "pairs.txt.gz", "pairs"])
def test_a_line_that_is_no_pair_is_skipped_and_counted_with_the_number_of_the_first(
    tmp_path, line, reason, name
):
    lines = [line.encode() for line in LINES]
    content = b"\n".join([lines[0], line, lines[1], line, lines[2], b""])
    assert read(tmp_path / name, content) == ([DOG, CAT, HEN], {f"{reason} (first in line 2)": 2})


def test_a_bad_byte_far_into_a_file_costs_its_line_only(tmp_path):
    lines = [f"{n}\tNummer {n}\n".encode() for n in range(1, 30_001)]
    lines[19_999] = b"a\xff\tb\n"
    pairs, skipped = read(tmp_path / "pairs.tsv", b"".join(lines))
    assert [int(pair.source) for pair in pairs] == [n for n in range(1, 30_001) if n != 20_000]
    assert skipped == {"not valid UTF-8 (first in line 20,000)": 1}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "A dog.\tEin Hund.\n\nA cat.\nA hen.\n",
            "line 3: with too few columns, like 2 of 3 lines; "
            "each line must be a sentence, a tab and its translation",
        ),
        (
            "Hühner\ta\nHähne\tb\nA dog.\tEin Hund.\nno tab\n".encode("latin-1"),
            "line 1: not valid UTF-8, like 2 of 4 lines; convert the file to UTF-8 (for example with iconv)",
        ),
    ],
)
def test_a_file_of_which_most_lines_are_no_pairs_is_reported_with_the_first_line(tmp_path, content, message):
    path = write(tmp_path / "pairs.tsv", content)
    assert message_of(list, stream_pairs(path, None, "en", "de")) == f"{path}, {message}"


def test_a_table_of_blank_lines_and_pairs_is_read(tmp_path):
    assert read(tmp_path / "a.tsv", "\n\n".join([*LINES, "", ""]))[0] == [DOG, CAT, HEN]


@pytest.mark.parametrize(
    "row",
    [
        "{}\tCC-BY 2.0 (France) Attribution: tatoeba.org #1 (CK) & #2 (x)",  # ManyThings
        "{}\t\t",
        "{}\t0.97",
        "1.0457\t{}",  # WikiMatrix
    ],
)
def test_further_columns_and_scores_are_ignored(tmp_path, row):
    content = "\n".join(row.format(line) for line in LINES)
    assert read(tmp_path / "pairs.tsv", content) == ([DOG, CAT, HEN], {})


@pytest.mark.parametrize("header", ["", "id\tsentence\tid\ttranslation\n"])
def test_the_sentences_that_tatoeba_numbers_are_found(tmp_path, header):
    rows = "".join(f"{n}\t{line.replace(chr(9), f'{chr(9)}7{n}{chr(9)}')}\n" for n, line in enumerate(LINES))
    assert read(tmp_path / "pairs.tsv", header + rows)[0][-3:] == [DOG, CAT, HEN]


def test_pairs_of_numbers_are_kept(tmp_path):
    assert read(tmp_path / "pairs.tsv", "1\t1\n2.5\t2,5\n")[0] == [Pair("1", "1"), Pair("2.5", "2,5")]
    assert read(tmp_path / "a.tsv", "1\t1\tCC\n2.5\t2,5\tCC\n")[0] == [Pair("1", "1"), Pair("2.5", "2,5")]


SPREADSHEET = (
    '"He said ""hi""."\t"Er sagte ""Hallo""."\n'
    "A dog.\tEin Hund.\n"
    '"Red, green"\t"Rot, grün"\n'
    '"Two\nlines"\t"Zwei\nZeilen"\n'
)
SPREADSHEET_PAIRS = [
    Pair('He said "hi".', 'Er sagte "Hallo".'),
    DOG,
    Pair("Red, green", "Rot, grün"),
    Pair("Two lines", "Zwei Zeilen"),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["pairs.tsv", "Unicode text.txt"])
def test_the_quoting_of_a_spreadsheet_is_undone(tmp_path, encoding, line_end, name):
    content = SPREADSHEET.replace("\n", line_end).encode(encoding)
    assert read(tmp_path / name, content) == (SPREADSHEET_PAIRS, {})


def test_a_table_whose_fields_are_all_quoted_is_unquoted(tmp_path):
    quoted = "\n".join('"' + line.replace("\t", '"\t"') + '"' for line in LINES)
    assert read(tmp_path / "pairs.tsv", quoted)[0] == [DOG, CAT, HEN]


@pytest.mark.parametrize(
    "pairs",
    [
        [Pair('"Hello," he said.', '"Hallo", sagte er.'), Pair('"Yes."', '"Ja."')],
        [Pair('"Yes."', '"Ja."'), DOG],
        [Pair('"I went home.', '"Ich ging heim.'), Pair('Then I slept."', 'Dann schlief ich."')],
        [Pair('5" pipe', "5-Zoll-Rohr"), Pair('a ""b""', 'c ""d""')],
    ],
)
def test_the_quotation_marks_of_sentences_stay(tmp_path, pairs):
    content = "".join(f"{source}\t{target}\n" for source, target in pairs)
    assert read(tmp_path / "pairs.tsv", content) == (pairs, {})


def test_a_quotation_mark_that_nothing_closes_costs_no_more_than_its_field(tmp_path):
    rows = [*[SPREADSHEET] * 40, '"stray\tx\n', *(f"{'long ' * 20}{n}\tlang {n}\n" for n in range(2000))]
    pairs, skipped = read(tmp_path / "pairs.tsv", "".join(rows))
    assert pairs[:4] == SPREADSHEET_PAIRS
    assert len(pairs) > 160 + 700  # csv gives up after 128 KiB
    assert skipped == {"with too few columns (first in line 241)": 1}
