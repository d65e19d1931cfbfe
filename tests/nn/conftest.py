import keras
import pytest


@pytest.fixture(autouse=True)
def same_seed():
    """New weights and dropout are the same in every run of a test."""
    keras.utils.set_random_seed(1)
