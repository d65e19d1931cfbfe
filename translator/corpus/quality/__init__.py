"""What is wrong with a parallel corpus: seen, located, and cleaned."""
