"""Quoting the errors of other libraries in our own messages."""

import pytest

from translator.errors import first_line


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("no\nway"), "no"),
        (ValueError("\n  install it\nas follows"), "install it"),
        (KeyError(), "KeyError"),
        (ValueError(" \n"), "ValueError"),
    ],
)
def test_the_first_line_with_text_or_else_the_type_is_quoted(error, expected):
    assert first_line(error) == expected
