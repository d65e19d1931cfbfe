"""What another library says becomes part of a line of ours."""

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
def test_the_first_line_that_says_something(error, expected):
    assert first_line(error) == expected
