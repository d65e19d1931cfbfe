"""Models for other programs: a SavedModel that needs none of this code, and a web server."""
