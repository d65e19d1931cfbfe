"""Finds the problems of a parallel corpus, reports them with line numbers, and writes a cleaned copy."""
