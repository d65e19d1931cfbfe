"""From a model to what other programs load: one SavedModel that needs none of this code."""
