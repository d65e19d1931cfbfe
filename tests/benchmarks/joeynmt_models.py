"""The models of JoeyNMT 2.3.0 that benchmarks run beside ours, as its configuration describes them."""

from typing import Any

VOCABULARY_SIZE = 6000
SPECIAL = {"unk": 0, "pad": 1, "bos": 2, "eos": 3}

_RECURRENT = {
    "type": "recurrent",
    "rnn_type": "lstm",
    "embeddings": {"embedding_dim": 256, "scale": False},
    "hidden_size": 256,
    "dropout": 0.3,
    "num_layers": 1,
}
_SELF_ATTENTIVE = {
    "type": "transformer",
    "num_layers": 3,
    "num_heads": 4,
    "embeddings": {"embedding_dim": 256, "scale": True, "dropout": 0.0},
    "hidden_size": 256,
    "ff_size": 1024,
    "dropout": 0.3,
    "layer_norm": "pre",
    "activation": "relu",
}
_ENDS = {
    "initializer": "xavier_uniform",
    "embed_initializer": "xavier_uniform",
    "bias_initializer": "zeros",
    "tied_embeddings": True,
    "tied_softmax": True,
}
MODELS: dict[str, dict[str, Any]] = {
    "rnn": {
        **_ENDS,
        "encoder": {**_RECURRENT, "bidirectional": True},
        "decoder": {
            **_RECURRENT,
            "hidden_dropout": 0.3,
            "input_feeding": True,
            "init_hidden": "bridge",
            "attention": "bahdanau",
        },
    },
    "transformer": {**_ENDS, "encoder": _SELF_ATTENTIVE, "decoder": _SELF_ATTENTIVE},
}
