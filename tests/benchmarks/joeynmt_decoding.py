"""Searches with JoeyNMT's recurrent model whenever it is told to; ``decoding.py`` does the telling.

    PYTHON tests/benchmarks/joeynmt_decoding.py ROWS [--threads 2] [--beam-size 5] [--pieces 16]

PYTHON is that of an environment of its own, with joeynmt 2.3.0; nothing of ours is imported here. ROWS has
a JSON list of source ids a line, 4 to 5999. The weights are random: lengths are forced, so they cost the
same as trained ones. ``{"ready": true}`` is printed when the model stands; from then on every line of
standard input, ``greedy 64`` or ``beam 64``, has all rows translated in batches of 64 and is answered with
one line of JSON. Between two commands it sleeps on the pipe.
"""

import argparse
import json
import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import torch
from joeynmt.model import Model, build_model
from joeynmt.search import beam_search, greedy
from joeynmt.vocabulary import Vocabulary
from joeynmt_models import MODELS, SPECIAL, VOCABULARY_SIZE
from torch.nn.utils.rnn import pad_sequence


def random_model() -> Model:
    """The model with new weights, ready to search."""
    ids = {f"{name}_id": number for name, number in SPECIAL.items()}
    tokens = {f"{name}_token": f"<{name}>" for name in SPECIAL}
    special = SimpleNamespace(**ids, **tokens, sep_id=None, sep_token=None, lang_tags=[])
    pieces = [f"piece{number}" for number in range(len(SPECIAL), VOCABULARY_SIZE)]
    vocabulary = Vocabulary(pieces, special)
    return build_model(MODELS["rnn"], vocabulary, vocabulary).eval()


def batches(rows: list[list[int]], size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Ids and lengths, longest first: little padding, and the encoder asks for that order."""
    ordered = sorted(([*row, SPECIAL["eos"]] for row in rows), key=len, reverse=True)
    for start in range(0, len(ordered), size):
        chunk = [torch.tensor(row) for row in ordered[start : start + size]]
        lengths = torch.tensor([len(row) for row in chunk])
        yield pad_sequence(chunk, batch_first=True, padding_value=SPECIAL["pad"]), lengths


@torch.inference_mode()
def search_all(
    model: Model, rows: list[list[int]], method: str, batch_size: int, beam_size: int, pieces: int
) -> tuple[int, int]:
    """Translates all rows; the fewest and the most pieces of a translation, the end included."""
    found = []
    for ids, lengths in batches(rows, batch_size):
        mask = (ids != SPECIAL["pad"]).unsqueeze(1)
        output, hidden, _, _ = model(return_type="encode", src=ids, src_length=lengths, src_mask=mask)
        arguments = {
            "model": model,
            "src_mask": mask,
            "encoder_output": output,
            "encoder_hidden": hidden,
            # The end counts towards the maximum but not towards the minimum.
            "min_output_length": pieces - 1,
            "max_output_length": pieces,
        }
        if method == "greedy":
            translations, _, _ = greedy(**arguments)
        else:
            translations, _, _ = beam_search(**arguments, beam_size=beam_size, alpha=1.0)
        found.append((translations != SPECIAL["pad"]).sum(dim=1))
    all_lengths = torch.cat(found)
    return int(all_lengths.min()), int(all_lengths.max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("rows", type=Path)
    for name, default in (("threads", 2), ("beam-size", 5), ("pieces", 16)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    logging.disable(logging.INFO)  # JoeyNMT's account of building a model
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    rows = [json.loads(line) for line in options.rows.read_text(encoding="utf8").splitlines()]
    model = random_model()
    print(json.dumps({"ready": True}), flush=True)
    for command in sys.stdin:
        method, batch_size = command.split()
        start = time.perf_counter()
        lengths = search_all(model, rows, method, int(batch_size), options.beam_size, options.pieces)
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "lengths": lengths}), flush=True)


if __name__ == "__main__":
    main()
