"""Scores and numbers to pictures: pages that show a training, two models, or one translation."""
