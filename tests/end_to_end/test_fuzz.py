"""Damaged files give a result or a one-line error; fuzz.py tries more of them."""

from fuzz import MODEL_EVERY, fuzz


def test_damaged_files_give_a_result_or_a_one_line_error(tmp_path):
    cases = 4 * MODEL_EVERY
    counts, faults = fuzz(first=1_000_000, cases=cases, work=tmp_path)
    assert faults == []
    assert counts.total() == cases
    assert counts["text: reported"] > 0
    assert counts["model: reported"] > 0
