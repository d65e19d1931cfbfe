import pytest

from translator.corpus.formats.exchange_xml import find_languages


@pytest.mark.parametrize(
    ("wanted", "found", "indices"),
    [
        (("en", "de"), ["en", "de"], (0, 1)),
        (("en", "de"), ["de", "en"], (1, 0)),
        (("EN", "de-at"), ["en", "DE-AT"], (0, 1)),
        (("en", "pt_BR"), ["pt-br", "en"], (1, 0)),
        (("en", "de"), ["en-GB", "de-DE"], (0, 1)),
        (("en", "de"), ["en-GB", "en", "de-DE"], (1, 2)),  # the exact code has priority
        (("en", "de"), ["en-GB", "en-US", "de"], (0, 2)),  # otherwise the first one
        (("en-GB", "de"), ["en", "de"], (0, 1)),
        (("en-GB", "de"), ["en-US", "de"], None),  # another region
        (("zh-Hans", "en"), ["zh-Hant", "en"], None),
        (("en", "de"), ["eng", "de"], None),
        (("en", "de"), ["en", "fr"], None),
        (("en", "de"), ["en"], None),
        (("en", "de"), [], None),
        (("en", "de"), ["en", ""], None),
        (("pt", "pt-BR"), ["pt-BR", "pt-PT"], (1, 0)),  # never one text for both sides
        (("pt", "pt-BR"), ["pt-BR"], None),
        (("en", "en"), ["en", "fr"], None),
    ],
)
def test_languages_are_found_by_their_code_or_else_by_the_language_alone(wanted, found, indices):
    assert find_languages(wanted, found) == indices
