"""The table shows the probability of every choice."""

import pytest

from translator.reports.inspection.probabilities import probability_chart


def test_the_table_holds_every_choice(inspection):
    (rows,) = probability_chart(inspection.choices).to_dict()["datasets"].values()
    assert len(rows) == sum(map(len, inspection.choices))
    for row in rows:
        choice = inspection.choices[row["position"]][row["column"]]
        assert row["probability"] == pytest.approx(choice.probability, abs=1e-6)
        assert row["is written"] == (row["column"] == 0)
        # A bar of probability 1 ends short of the next column.
        assert row["end"] - row["column"] == pytest.approx(0.92 * choice.probability, abs=1e-4)
    assert [row["token"] for row in rows if row["is written"]] == list(inspection.translation.tokens)
