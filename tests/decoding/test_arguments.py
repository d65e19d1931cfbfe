"""A value of the wrong type is named at once."""

import pytest

from translator.decoding.arguments import as_glossary, check_lines, check_sentences, with_their_prefixes
from translator.decoding.glossary import Glossary


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "the text: expected a string or several, not None"),
        (5, "the text: expected a string or several, not int 5"),
        (b"ada", "the text: expected a string or several, not bytes b'ada'"),
        ({"ada": "bob"}, "the text: expected a string or several, not dict"),
        ([None], "sentence 1: expected a string, not None"),
        (["ada", 5], "sentence 2: expected a string, not int 5"),
        (["ada", float("nan")], "sentence 2: expected a string, not float nan"),
        (["ada", ["bob"]], r"sentence 2: expected a string, not list \['bob'\]"),
        ([b"ada"], "sentence 1: expected a string, not bytes b'ada'"),
        ([b"a" * 1000], "sentence 1: expected a string, not bytes$"),
    ],
    ids=repr,
)
def test_a_text_that_is_no_string_is_refused(text, message):
    with pytest.raises(TypeError, match=message):
        check_sentences(text)
    if not isinstance(text, list):
        with pytest.raises(TypeError, match=message):
            check_lines(text)
    else:
        with pytest.raises(TypeError, match=message):
            list(with_their_prefixes(text, None))


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        (5, "prefix: expected a string, or one per sentence, not int 5"),
        (b"pam", "prefix: expected a string, or one per sentence, not bytes b'pam'"),
        (["pam", None], "prefix 2: expected a string, not None"),
    ],
    ids=repr,
)
def test_a_prefix_that_is_no_string_is_refused(prefix, message):
    with pytest.raises(TypeError, match=message):
        list(with_their_prefixes(["ada", "bob"], prefix))


@pytest.mark.parametrize(
    ("glossary", "message"),
    [
        ("terms.tsv", r"glossary: expected a dictionary .* or Glossary.read\(path\), not str 'terms.tsv'"),
        ([("ada", "oli")], "glossary: expected a dictionary"),
        ({"ada": None}, "a term of the glossary: expected a string, not None"),
        ({5: "oli"}, "a term of the glossary: expected a string, not int 5"),
    ],
    ids=repr,
)
def test_a_glossary_that_is_none_is_refused(glossary, message):
    with pytest.raises(TypeError, match=message):
        as_glossary(glossary)


def test_a_glossary_may_be_a_dictionary():
    assert as_glossary({"ada": "oli"}).targets_for("ada") == ["oli"]
    glossary = Glossary({"ada": "oli"})
    assert as_glossary(glossary) is glossary
    assert as_glossary(None) is None
