"""A glossary: how it is read, and which terms it finds in a sentence."""

import gzip
import unicodedata
from unittest import mock

import pytest

from translator.decoding.glossary import Glossary
from translator.errors import DataError

ANIMALS = Glossary({"dog": "Hund", "hot dog": "Würstchen", "cat": "Katze", "hound": "Hund"})


def written(path, text):
    data = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def refusal(path):
    with pytest.raises(DataError) as caught:
        Glossary.read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Files


@pytest.mark.parametrize("name", ["terms.tsv", "terms.tsv.gz", "terms"])
def test_a_file_has_a_source_term_a_tab_and_a_target_term_a_line(tmp_path, name):
    text = "# animals\n\ndog\tHund\n  \t \n hot dog \t Würstchen\n#cat\tKatze\ncat\tKatze # Kater\n"
    glossary = Glossary.read(written(tmp_path / name, text))
    assert glossary.targets_for("The dog and the cat eat a hot dog.") == [
        "Hund",
        "Katze # Kater",
        "Würstchen",
    ]


def test_the_path_may_be_a_string(tmp_path):
    assert Glossary.read(str(written(tmp_path / "terms.tsv", "dog\tHund"))).targets_for("dog") == ["Hund"]


def test_a_file_from_windows_is_read(tmp_path):
    path = written(tmp_path / "terms.tsv", "\ufeff# animals\r\ndog\tHund\r\n\r\ncat\tKatze\r\n")
    assert Glossary.read(path).targets_for("dog cat") == ["Hund", "Katze"]


@pytest.mark.parametrize(
    "line", ["dog", "dog Hund", "dog\t", "\tHund", "dog\t \t", "dog\tHund\tm.", "dog\tHund\t", "dog\t\u00a0"]
)
def test_a_line_without_two_columns_is_reported(tmp_path, line):
    path = written(tmp_path / "terms.tsv", f"# animals\n\ncat\tKatze\n{line}\nhen\tHuhn\n")
    expected = "expected a source term, a tab and a target term"
    assert refusal(path) == f"{path}, line 4: {expected}, got {line!r}"


def test_a_term_with_two_different_targets_is_reported(tmp_path):
    path = written(tmp_path / "terms.tsv", "dog\tHund\ncat\tKatze\n\nDog\tKöter\n")
    message = "'Dog' appears twice with different target terms; keep one"
    assert refusal(path) == f"{path}, line 4: {message}"


def test_a_term_in_python_with_two_different_targets_is_reported():
    with pytest.raises(DataError, match="'Dog' appears twice with different target terms; keep one"):
        Glossary({"dog": "Hund", "Dog": "Köter"})


@pytest.mark.parametrize(
    ("line", "is_comment"),
    [
        ("# animals", True),
        ("#animals", True),
        ("#", True),
        ("# cat\tKatze", True),
        ("#cat\tKatze", False),
        ("#\tRaute", False),
        ("##\tRauten", False),
    ],
)
def test_a_line_is_a_comment_if_a_space_follows_its_hash_or_it_has_no_tab(tmp_path, line, is_comment):
    glossary = Glossary.read(written(tmp_path / "terms.tsv", f"dog\tHund\n{line}\n"))
    term, _, target = line.partition("\t")
    assert glossary.targets_for(f"the {term} of a dog") == (["Hund"] if is_comment else [target, "Hund"])


def test_a_term_may_appear_twice_with_the_same_target(tmp_path):
    path = written(tmp_path / "terms.tsv", "dog\tHund\nDog\tHund\n")
    assert Glossary.read(path).targets_for("dog") == ["Hund"]


@pytest.mark.parametrize("text", ["", "\n \n\t\n", "# dog\tHund\n"])
def test_a_file_without_terms_is_reported(tmp_path, text):
    path = written(tmp_path / "terms.tsv", text)
    message = "has no terms; write one per line: source term, tab, target term"
    assert refusal(path) == f"{path}: {message}"


def test_a_missing_file_is_reported(tmp_path):
    path = tmp_path / "terms.tsv"
    assert refusal(path) == f"{path}: cannot be read (No such file or directory); check the path"


def test_a_file_that_is_not_utf_8_is_reported(tmp_path):
    path = written(tmp_path / "terms.tsv", "dog\tHund\nbear\tBär\n".encode("latin-1"))
    message = "byte 7 is not valid UTF-8; convert the file to UTF-8 (for example with iconv)"
    assert refusal(path) == f"{path}, line 2: {message}"


def test_a_file_that_only_claims_to_be_gzip_is_reported(tmp_path):
    path = tmp_path / "terms.tsv.gz"
    path.write_text("dog\tHund\n")
    assert refusal(path).startswith(f"{path}: not a complete gzip file (")
    path.write_bytes(gzip.compress(b"dog\tHund\n" * 99)[:-9])
    assert refusal(path).startswith(f"{path}: not a complete gzip file (")


# Terms in a sentence


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("A dog sleeps.", ["Hund"]),
        ("DOG, Dog!", ["Hund"]),
        ("dog", ["Hund"]),
        ("(dog)-like “dog” dog's", ["Hund"]),
        ("dogs, hotdog, dog_1, 2dog, dogé", []),
        ("cat before dog", ["Katze", "Hund"]),
        ("a hot dog", ["Würstchen"]),
        ("a hot dog and a dog", ["Würstchen", "Hund"]),
        ("a hot dogma, a hot cat", ["Katze"]),
        ("a dog, a cat, a dog, a hound", ["Hund", "Katze"]),
        ("nothing", []),
        ("", []),
        ("   ", []),
    ],
)
def test_whole_words_are_found_whatever_their_case_and_each_target_once(text, targets):
    assert ANIMALS.targets_for(text) == targets


def test_of_terms_that_begin_at_the_same_position_the_longer_counts():
    terms = {"new": "neu", "new york": "New York", "new york city": "die Stadt New York", "city": "Stadt"}
    for order in (terms, dict(reversed(terms.items()))):
        glossary = Glossary(order)
        assert glossary.targets_for("New York City") == ["die Stadt New York"]
        assert glossary.targets_for("new York, new city") == ["New York", "neu", "Stadt"]
        assert glossary.targets_for("New Yorker City") == ["neu", "Stadt"]


@pytest.mark.parametrize(
    ("term", "found", "missed"),
    [
        ("C++", ["C++", "in C++.", "(C++)", "C/C++"], ["C", "C+", "Ccc", "C++11", "XC++"]),
        ("a.b", ["a.b", "A.B!"], ["axb", "a.bc", "a b"]),
        (".Net", [".NET", "the .net."], ["NET", "xNET", "ASP.NET"]),
        ("[x]*", ["[x]*", "a [X]* b"], ["x", "xx", "[x]"]),
        ("a|b", ["a|b"], ["a", "b"]),
        ("\\d", ["\\d", "\\D"], ["1", "d"]),
        ("^a$", ["^a$", "x ^a$"], ["a"]),
        ("C#", ["C#", "C# 7"], ["C", "C#7"]),
        ("don't", ["don't", "DON'T!"], ["don", "dont"]),
    ],
)
def test_no_character_of_a_term_is_special(term, found, missed):
    glossary = Glossary({term: "X", "other": "Y"})
    assert [text for text in found if glossary.targets_for(text) != ["X"]] == []
    assert [text for text in missed if glossary.targets_for(text)] == []


@pytest.mark.parametrize(
    ("term", "found", "missed"),
    [
        ("Übung", ["übung", "ÜBUNG", "die Übung."], ["Übungen", "Einübung", "Ubung"]),
        ("Straße", ["straße", "STRASSE", "Strasse"], ["Straßen"]),
        ("кот", ["Кот спит.", "КОТ"], ["котик", "который", "скот"]),
        ("σοφοσ", ["σοφος", "ΣΟΦΟΣ"], ["σοφοσα"]),
        ("猫", ["猫", "猫。", "「猫」", "我 有 猫 吗"], ["狗"]),
        ("도시", ["도시", "도시의", "도시에서는.", "도시들이 크다"], ["도시락", "도시이", "대도시"]),
        ("서울", ["서울로", "서울은 크다"], ["서울으로", "서울는", "서울대"]),
        ("사람", ["사람으로", "사람이나", "사람만의"], ["사람로", "사람가"]),
        ("서울 시장", ["서울 시장이"], ["서울의 시장", "서울 시장가"]),
        ("كتاب", ["كتاب", "الكتاب", "والكتاب", "بالكتاب", "للكتاب"], ["مكتاب", "كتابة"]),
        ("हिन्दी", ["हिन्दी", "हिन्दी।"], ["हिन्दीभाषी"]),
    ],
)
def test_terms_of_other_scripts(term, found, missed):
    glossary = Glossary({term: "X"})
    assert [text for text in found if glossary.targets_for(text) != ["X"]] == []
    assert [text for text in missed if glossary.targets_for(text)] == []


def test_a_term_of_a_script_without_spaces_is_found_inside_a_run_of_letters():
    glossary = Glossary({"猫": "cat", "ลูก": "child", "ねこ": "cat", "cat": "Katze"})
    assert glossary.targets_for("我有猫吗 ลูกแมว") == ["cat", "child"]
    assert glossary.targets_for("このねこ concat") == ["cat"]
    assert glossary.targets_for("这是cat吗") == ["Katze"]


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("Tell us a story.", []),
        ("Us?", []),
        ("A US dollar, the US.", ["USA"]),
        ("It is a dog.", ["Hund"]),
        ("An IT DOG.", ["EDV", "Hund"]),
        ("e.g. ÖBB, not Öbb", ["Bahn"]),
    ],
)
def test_a_term_in_capitals_is_found_in_capitals_alone(text, targets):
    glossary = Glossary({"US": "USA", "IT": "EDV", "dog": "Hund", "ÖBB": "Bahn"})
    assert glossary.targets_for(text) == targets


def test_a_term_in_capitals_may_stand_beside_the_same_letters_in_lower_case():
    glossary = Glossary({"us": "uns", "US": "USA"})
    assert glossary.targets_for("Tell us.") == ["uns"]
    assert glossary.targets_for("The US.") == ["USA"]


def test_a_match_has_its_position_in_the_text():
    text = "Die  STRASSE, ein hot  dog."
    matches = Glossary({"straße": "street", "hot dog": "Würstchen"}).find(text)
    assert [(text[match.start : match.end], match.target) for match in matches] == [
        ("STRASSE", "street"),
        ("hot  dog", "Würstchen"),
    ]


def num_comparisons(glossary, text):
    """How many pieces of a text are compared with the terms."""
    with mock.patch.object(glossary, "_target", wraps=glossary._target) as compare:
        glossary.targets_for(text)
    return compare.call_count


def test_the_comparisons_per_line_hardly_depend_on_the_number_of_terms():
    few, many = (Glossary({f"term{i} {'x' * (i % 9)}": "X" for i in range(n)}) for n in (100, 20_000))
    text = "The terms of this text are term99, term9 and others."
    assert many.targets_for(text) == few.targets_for(text) == ["X"]
    assert num_comparisons(many, text) < 2 * num_comparisons(few, text) < 200


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (["▁The", "▁hot", "▁do", "g", "."], {"Würstchen": [1, 2, 3]}),
        (["▁", "D", "og", ",", "▁hound", "s", "▁hound"], {"Hund": [1, 2, 6]}),
        (["▁a", "▁c", "<0x61>", "t", "▁dog", "."], {"Katze": [1, 2, 3], "Hund": [4]}),
        (["▁", "<0xE7>", "<0x8C>", "<0xAB>", "▁dog"], {"Hund": [4]}),
        (["<0xAB>", "▁dog", "<0xE7>"], {"Hund": [1]}),
        ([], {}),
    ],
)
def test_the_source_tokens_of_each_target_term_are_found(tokens, expected):
    assert ANIMALS.source_positions(tokens) == expected


def test_an_empty_glossary_finds_nothing():
    assert Glossary({}).targets_for("A dog sleeps.") == []


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("cafe", unicodedata.normalize("NFD", "ein café")),
        ("हिन", "हिन्दी"),  # a vowel sign and a virama follow
        ("न", "हिन्दी"),
    ],
)
def test_a_letter_with_a_mark_is_another_letter(term, text):
    assert Glossary({term: "X"}).targets_for(text) == []


@pytest.mark.parametrize("text", ["New York café", "New\u00a0York café", "New  York café", "New\tYork café"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_term_is_found_in_every_spelling_that_the_tokenizer_takes_for_the_same(text, form):
    for term in ("New York café", unicodedata.normalize("NFD", "New York café")):
        assert Glossary({term: "X"}).targets_for(unicodedata.normalize(form, text)) == ["X"]


@pytest.mark.parametrize("empty", ["", " \t"])
def test_an_empty_term_is_reported(empty):
    with pytest.raises(DataError, match="a source term of the glossary is empty"):
        Glossary({"dog": "Hund", empty: "x"})
    with pytest.raises(DataError, match="a target term of the glossary is empty"):
        Glossary({"dog": empty})


def test_a_term_that_is_no_text_is_reported():
    with pytest.raises(DataError, match="a target term of the glossary is not text: None"):
        Glossary({"dog": None})
