"""From scores and arrays to pages that people read: a training, a comparison, one translation."""
