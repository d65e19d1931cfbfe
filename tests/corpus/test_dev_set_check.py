from translator.corpus.dev_set_check import is_dev_set_swapped
from translator.corpus.readers import Pair, read_pairs

TRAIN = [Pair("a dog runs", "ein Hund rennt"), Pair("the cat sleeps", "die Katze schläft")]


def swapped(pairs):
    return [Pair(pair.target, pair.source) for pair in pairs]


def test_swapped_files_are_detected():
    dev = [Pair("the dog sleeps", "der Hund schläft")]
    assert not is_dev_set_swapped(TRAIN, dev)
    assert is_dev_set_swapped(TRAIN, swapped(dev))


def test_words_of_neither_side_are_no_evidence():
    assert not is_dev_set_swapped(TRAIN, [Pair("xyz", "uvw")])
    assert not is_dev_set_swapped(TRAIN, [])


def test_one_word_that_both_languages_share_is_no_evidence():
    train = [Pair(f"源{i}句", f"目{i}文" if i else "ok") for i in range(50)]
    dev = [Pair("ok" if i == 3 else f"句{i}源", f"文{i}目") for i in range(50)]
    assert not is_dev_set_swapped(train, dev)


def test_swaps_are_detected_in_every_real_corpus(corpora):
    for folder in sorted(path for path in corpora.iterdir() if path.is_dir()):
        languages = sorted(path.name.split(".")[1] for path in folder.glob("train.*.gz"))
        train, dev = (
            read_pairs(*(folder / f"{split}.{language}.gz" for language in languages))
            for split in ("train", "dev")
        )
        for number in (100, len(train)):
            assert not is_dev_set_swapped(train[:number], dev[:number]), folder.name
            assert is_dev_set_swapped(train[:number], swapped(dev[:number])), folder.name
        assert not is_dev_set_swapped(train[:1], dev[:1]), folder.name  # too little evidence
