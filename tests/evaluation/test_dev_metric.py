"""The dev set is scored by a metric that tells right from wrong in the script of the target language."""

import pytest
from references.lookup_translator import LookupTranslator
from sacrebleu.metrics import BLEU, CHRF

import translator.api as api
import translator.evaluation.dev_metric as module
from translator.config import DEV_METRICS, Config
from translator.corpus.readers import Pair
from translator.errors import ConfigError
from translator.evaluation.dev_metric import bleu_tokenizer, dev_metric_score, resolve_dev_metric

CHINESE = ["图书馆每天早上八点开门。", "那位老人看见一只小狗。", "我们明天去北京。"]
JAPANESE = ["図書館は毎朝八時に開きます。", "老人は小さな犬を見ます。"]
KOREAN = ["도서관은 매일 아침 여덟 시에 문을 엽니다.", "노인이 작은 개를 봅니다."]
SCRIPTS = {
    "English": (["The library opens at eight.", "A dog."], "13a"),
    "Arabic": (["تفتح المكتبة كل صباح في الساعة الثامنة."], "13a"),
    "Hindi": (["पुस्तकालय हर सुबह आठ बजे खुलता है।"], "13a"),
    "Chinese": (CHINESE, "zh"),
    "Chinese with names in Latin letters": (["我在 Microsoft 用 Python 写程序已经很多年了。"], "zh"),
    "English with a Chinese word": (["The word 狗 means dog in Chinese."], "13a"),
    "Thai": (["ห้องสมุดเปิดทุกวันตอนแปดโมงเช้า"], "char"),
    "Khmer": (["បណ្ណាល័យបើកនៅម៉ោងប្រាំបីរៀងរាល់ព្រឹក"], "char"),
    "Lao": (["ຫ້ອງສະໝຸດເປີດທຸກມື້ໃນເວລາແປດໂມງເຊົ້າ"], "char"),
    "Burmese": (["စာကြည့်တိုက်သည်နေ့တိုင်းမနက်ရှစ်နာရီတွင်ဖွင့်သည်"], "char"),
    "Tibetan": (["དཔེ་མཛོད་ཁང་ཉིན་ལྟར་ཞོགས་པ་ཆུ་ཚོད་བརྒྱད་པར་ཕྱེ།"], "char"),
    "Javanese": (["ꦥꦼꦂꦥꦸꦱ꧀ꦠꦏꦄꦤ꧀ꦧꦸꦏꦏ꧀"], "char"),
    "nothing to read": (["12", "", "😀"], "13a"),
}


@pytest.fixture(params=[True, False], ids=["mecab", "no-mecab"])
def mecab(request, monkeypatch):
    """Whether sacreBLEU's tokenizers for Japanese and Korean can be used."""

    def check(name):
        if not request.param:
            raise ConfigError("not installed")

    monkeypatch.setattr(module, "check_bleu_tokenizer", check)
    return request.param


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_tokenizer_suits_the_script_of_the_references(name):
    references, tokenizer = SCRIPTS[name]
    assert resolve_dev_metric("auto", references) == f"bleu-{tokenizer}"
    assert bleu_tokenizer("auto", references) == tokenizer


def test_japanese_and_korean_are_split_into_words_where_that_is_installed(mecab):
    assert resolve_dev_metric("auto", JAPANESE) == ("bleu-ja-mecab" if mecab else "bleu-char")
    assert resolve_dev_metric("auto", KOREAN) == ("bleu-ko-mecab" if mecab else "bleu-13a")


def test_a_metric_that_is_set_stays():
    assert resolve_dev_metric("chrf", CHINESE) == "chrf"
    assert bleu_tokenizer("bleu-char", CHINESE) == "char"
    assert bleu_tokenizer("chrf", CHINESE) == "zh"


@pytest.mark.parametrize("name", ["Chinese", "Thai", "Khmer", "Lao", "Burmese", "Tibetan", "Javanese"])
def test_a_nearly_perfect_translation_scores_far_above_a_wrong_one(name):
    references = SCRIPTS[name][0]
    metric = resolve_dev_metric("auto", references)
    close = [reference[:-3] + reference[-2:] for reference in references]
    wrong = [reference[::-1] for reference in references]
    assert BLEU().corpus_score(close, [references]).score < 5
    assert dev_metric_score(metric, close, references) > dev_metric_score(metric, wrong, references) + 30


def test_scores_are_those_of_sacrebleu():
    close = [reference.replace("天", "日") for reference in CHINESE]
    expected = BLEU(tokenize="zh").corpus_score(close, [CHINESE]).score
    assert dev_metric_score("bleu-zh", close, CHINESE) == expected
    assert dev_metric_score("chrf", close, CHINESE) == CHRF().corpus_score(close, [CHINESE]).score


def test_every_choice_is_a_metric_of_sacrebleu():
    tokenizers = {metric.removeprefix("bleu-") for metric in DEV_METRICS if metric.startswith("bleu-")}
    assert tokenizers <= set(BLEU.TOKENIZERS)
    assert DEV_METRICS.keys() - {f"bleu-{name}" for name in tokenizers} == {"auto", "chrf"}


def test_another_value_is_refused_with_the_choices():
    with pytest.raises(ConfigError, match=r"training\.dev_metric: 'ter' is none of auto, bleu-13a, "):
        Config().override({"training.dev_metric": "ter"})


@pytest.mark.parametrize(
    ("setting", "tokenize", "used"),
    [("auto", None, "zh"), ("bleu-char", None, "char"), ("chrf", None, "zh"), ("bleu-zh", "13a", "13a")],
)
def test_a_test_set_is_scored_with_the_tokenizer_of_the_model_or_the_one_that_is_given(
    setting, tokenize, used, tmp_path, monkeypatch
):
    pairs = [Pair(f"line {number}", line) for number, line in enumerate(CHINESE)]
    model = LookupTranslator(pairs)
    model.config = Config().override({"training.dev_metric": setting})
    monkeypatch.setattr(api, "_loaded", lambda given: given)
    for name, side in zip(("source", "reference"), zip(*pairs, strict=True), strict=True):
        (tmp_path / name).write_text("".join(f"{line}\n" for line in side), encoding="utf-8")
    scores, _ = api.evaluate(model, tmp_path / "source", tmp_path / "reference", tokenize=tokenize)
    assert f"tok:{used}|" in scores.bleu.signature
    assert scores.bleu.score == pytest.approx(0 if used == "13a" else 100)
    compared = api.compare(model, model, tmp_path / "source", tmp_path / "reference", tokenize=tokenize)
    assert f"tok:{used}|" in compared.bleu.signature
