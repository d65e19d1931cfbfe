"""An evaluation as it stands in the log of a training."""

from translator.training.log import Evaluation

ONE = Evaluation(
    epoch=1,
    step=10,
    loss=5.5,
    perplexity=90.25,
    dev_score=1.5,
    best=True,
    learning_rate=0.001,
    tokens_per_second=4000,
    seconds=12,
)
