"""Reads the file formats of parallel text: two files or one, plain or compressed."""
