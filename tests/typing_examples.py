"""What type checkers make of the public names; mypy reads this file, and nothing runs it.

An unused ``type: ignore`` is an error, so every wrong call below is proved to be found.
"""

from pathlib import Path
from typing import assert_type

import translator
from translator import Comparison, ExportResult, Inspection, Scores, SearchOptions, Translation, Translator

loaded = translator.load(
    "models/en-de", ensemble=["models/other"], backward=Path("models/de-en"), threads=None
)
assert_type(loaded, Translator)
assert_type(loaded.translate("A dog runs."), Translation)
assert_type(loaded.translate(["A dog runs."], beam_size=3, glossary={"dog": "Dackel"}), list[Translation])
assert_type(loaded.inspect("A dog runs.", length_penalty=0.5), Inspection)
assert_type(translator.inspect("models/en-de", "A dog runs.", png="pictures"), Inspection)
assert_type(translator.evaluate(loaded, "test.en", "test.de", n_best=5)[0], Scores)
assert_type(translator.compare("models/a", loaded, "test.en", "test.de", tokenize="char"), Comparison)
assert_type(translator.export(loaded, "exported", quantize="int8"), ExportResult)
assert_type(SearchOptions(beam_size=2).width, int)

loaded.translate("A dog runs.", beam=3)  # type: ignore[call-overload]
loaded.translate("A dog runs.", beam_size="3")  # type: ignore[call-overload]
loaded.translate("A dog runs.", alignments="yes")  # type: ignore[call-overload]
translator.evaluate(loaded, "test.en", "test.de", num_hypotheses=5)  # type: ignore[call-arg]
translator.export(loaded, "exported", quantize="int4")  # type: ignore[arg-type]
