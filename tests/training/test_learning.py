"""It learns: a small network gets simple rules right on sentences that it has not seen."""

import pytest
from references.toy import copied, reversed_order, token_files, toy_pairs

from translator.config import Config
from translator.decoding.translator import Translator
from translator.evaluation.scores import evaluate
from translator.training.trainer import Trainer

CONFIG = Config().override(
    {
        "data.batch_tokens": 300,
        "model.units": 64,
        "model.encoder_layers": 1,
        "model.decoder_layers": 1,
        "model.dropout": 0.1,
        "model.word_dropout": 0.0,
        "training.learning_rate": 0.008,
        "training.warmup_steps": 100,
        "training.max_epochs": 12,
    }
)


@pytest.mark.parametrize("rule", [copied, reversed_order], ids=lambda rule: rule.__name__)
def test_a_rule_is_learned(rule, tokenizer, tmp_path):
    known = toy_pairs(3000, rule)
    unseen = [pair for pair in toy_pairs(300, rule, seed=2, shortest=4) if pair not in known][:50]
    sources, targets = zip(*unseen, strict=True)
    trainer = Trainer(CONFIG, tokenizer, token_files(tmp_path / "corpus", tokenizer, known), tmp_path)
    translator = Translator([trainer.network], tokenizer, CONFIG)

    def score():
        translations = translator.translate(sources, beam_size=1, alignments=False)
        return evaluate([one.text for one in translations], targets).bleu.score

    assert score() < 5
    assert trainer.train(score, lambda line: None).best_score >= 90
