"""A translator that looks its translations up and needs no network."""

from translator.config import Config
from translator.decoding.translation import Translation


class LookupTranslator:
    """Returns the references as translations.

    Args:
        pairs: the sentences that it knows, with their references.
        wrong: source -> the translation to return in place of the reference.
    """

    rerankers = ()
    config = Config()

    def __init__(self, pairs, wrong=None):
        self._texts = {pair.source: pair.target for pair in pairs} | (wrong or {})

    def translate_lines(self, sources, **options):
        for source in sources:
            yield Translation(self._texts[source], 0.0, 0.0, tokens=("</s>",), source_tokens=("</s>",))
