import pytest

from translator.reports.inspection.probabilities import probabilities


def test_the_table_holds_every_choice(inspection):
    (rows,) = probabilities(inspection.choices).to_dict()["datasets"].values()
    assert len(rows) == sum(map(len, inspection.choices))
    for row in rows:
        choice = inspection.choices[row["place"]][row["column"]]
        assert row["probability"] == pytest.approx(choice.probability, abs=1e-6)
        assert row["is written"] == (row["column"] == 0)
        # The bar is as long as the piece is probable: a full one ends short of the next column.
        assert row["end"] - row["column"] == pytest.approx(0.92 * choice.probability, abs=1e-4)
    assert [row["piece"] for row in rows if row["is written"]] == list(inspection.translation.tokens)
