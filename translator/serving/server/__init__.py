"""A web server for models: the calls of LibreTranslate and a page, behind limits."""
