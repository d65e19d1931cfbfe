"""Ids to ids: search over any step function, and the translator that loads once and translates many."""

import translator.runtime  # noqa: F401  (before TensorFlow)
