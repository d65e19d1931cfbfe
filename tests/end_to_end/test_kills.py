"""A training that is killed at random moments ends like one that never was; kills.py does it more often."""

from kills import kill_often


def test_a_training_killed_at_random_moments_ends_like_one_that_never_was(tmp_path):
    outcome, same = kill_often(kills=2, seed=3, work=tmp_path, pairs=600)
    assert outcome.kills == 2
    assert same
