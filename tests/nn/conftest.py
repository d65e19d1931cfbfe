import keras
import pytest


@pytest.fixture(autouse=True)
def same_seed():
    """Makes new weights and dropout the same in every run of a test."""
    keras.utils.set_random_seed(1)
