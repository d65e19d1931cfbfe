"""Text to batches: reading, filtering, tokenizing and batching parallel text."""
