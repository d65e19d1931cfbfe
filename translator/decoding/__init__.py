"""From token ids to token ids: search over any step function, and the translator that is built on it."""

import translator.runtime  # noqa: F401  (before TensorFlow)
