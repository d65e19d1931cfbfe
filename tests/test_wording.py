import pytest

from translator.wording import counted


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 pairs"), (1, "1 pair"), (2, "2 pairs"), (1234, "1,234 pairs")]
)
def test_a_noun_is_in_the_plural_unless_there_is_one(count, text):
    assert counted(count, "pair") == text


def test_a_plural_of_its_own_is_used():
    assert [counted(count, "pair is", "pairs are") for count in (1, 3)] == ["1 pair is", "3 pairs are"]
