"""Damaged files give a result or one line that says what is wrong; fuzz.py tries more of them."""

from fuzz import MODEL_EVERY, fuzz


def test_damaged_files_give_a_result_or_one_line(tmp_path):
    cases = 4 * MODEL_EVERY
    counts, faults = fuzz(first=1_000_000, cases=cases, work=tmp_path)
    assert faults == []
    assert counts.total() == cases
    assert counts["text: told"] > 0
    assert counts["model: told"] > 0
