"""The sample corpus: its committed files, how it is split, and the German that its grammar generates."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
sys.path.insert(0, str(SAMPLE))

import generate  # noqa: E402
import grammar  # noqa: E402
import lexicon  # noqa: E402
from grammar import PRONOUNS, Clause, NounPhrase  # noqa: E402
from sampler import Sampler  # noqa: E402

SIZES = {"train": 10_000, "dev": 300, "test": 500}
NAMES = [f"{split}.{language}" for split in SIZES for language in ("en", "de")]


def lines(name: str) -> list[str]:
    return (SAMPLE / name).read_bytes().decode("utf-8").split("\n")[:-1]


def pairs(split: str) -> list[tuple[str, str]]:
    return list(zip(lines(f"{split}.en"), lines(f"{split}.de"), strict=True))


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


@pytest.fixture(scope="module")
def corpus() -> generate.Corpus:
    return generate.build_corpus()


# The files


def test_the_script_reproduces_the_committed_files(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(SAMPLE / "generate.py"), "--output", str(tmp_path / "new")]
    subprocess.run(command, check=True, cwd=tmp_path, env=environment)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(NAMES)
    for name in NAMES:
        assert (tmp_path / "new" / name).read_bytes() == (SAMPLE / name).read_bytes(), name


def test_the_seed_decides_which_sentences_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "SIZES", {"train": 50, "dev": 3, "test": 5})
    monkeypatch.setattr(generate, "MINIMUM_COUNT", 0)
    for folder, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        generate.main(["--output", str(tmp_path / folder), "--seed", seed])
    texts = {folder: (tmp_path / folder / "train.de").read_bytes() for folder in "abc"}
    assert texts["a"] == texts["b"] != texts["c"]
    assert texts["a"].count(b"\n") == 50


@pytest.mark.parametrize("name", NAMES)
def test_every_line_is_one_plain_sentence(name: str) -> None:
    content = (SAMPLE / name).read_bytes()
    assert b"\r" not in content
    assert content.endswith(b"\n")
    sentences = lines(name)
    assert len(sentences) == SIZES[name.split(".")[0]]
    for text in sentences:
        assert re.fullmatch(r"[A-ZÄÖÜ][a-zA-ZäöüÄÖÜß]*(,? [a-zA-ZäöüÄÖÜß]+)+[.?]", text), text
        assert 4 <= len(text.split()) <= 14, text


# The split


def test_no_sentence_occurs_twice_on_either_side() -> None:
    """So no source has two targets, and no sentence of dev or test is in train."""
    for language in ("en", "de"):
        counts = Counter(text for split in SIZES for text in lines(f"{split}.{language}"))
        assert [text for text, count in counts.items() if count > 1] == []


def test_a_source_has_only_one_target() -> None:
    """This also holds beyond the committed sentences: the grammar translates a sentence in only one way."""
    translations = dict(pair for split in SIZES for pair in pairs(split))
    sampler, num_known = Sampler(99), 0
    for _ in range(4000):
        sentence = generate.draw(sampler)
        if sentence is not None:
            num_known += sentence.english in translations
            assert translations.setdefault(sentence.english, sentence.german) == sentence.german
    assert num_known > 20


@pytest.mark.parametrize("split", ["dev", "test"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_train_has_every_word_form_of_dev_and_test_often_enough(split: str, language: str) -> None:
    counts = Counter(word for text in lines(f"train.{language}") for word in words(text))
    rare = {word for text in lines(f"{split}.{language}") for word in words(text) if counts[word] < 15}
    assert rare == set()


def test_only_held_out_sentences_contain_reserved_combinations(corpus: generate.Corpus) -> None:
    for split in SIZES:
        assert [(s.english, s.german) for s in corpus.splits[split]] == pairs(split)
    for sentence in corpus.splits["dev"] + corpus.splits["test"]:
        assert not sentence.combinations.isdisjoint(corpus.reserved), sentence.english
    for sentence in corpus.splits["train"]:
        assert sentence.combinations.isdisjoint(corpus.reserved), sentence.english
    tested = {c for sentence in corpus.splits["test"] for c in sentence.combinations & corpus.reserved}
    assert len(tested) >= 80
    assert {kind for kind, _, _ in tested} == {"adjective", "verb"}


def shown_combinations(texts: list[str]) -> list[set[grammar.Combination]]:
    """Reads from each text alone which adjectives precede which noun, and which verb takes it as object."""
    nouns = {form: noun.english for noun in lexicon.NOUNS for form in (noun.english, noun.plural)}
    verbs = {form: verb.base for verb in lexicon.VERBS for form in verb.english.split()}
    adjectives = {adjective.english for adjective in lexicon.ADJECTIVES}
    determiners = (lexicon.THIS, lexicon.EVERY, *lexicon.POSSESSIVES, *lexicon.QUANTITIES)
    small = {form for d in determiners for form in (d.english, d.plural)}
    small |= adjectives | {"a", "an", "the", "any", "no"}
    found = []
    for text in texts:
        tokens, shown = ["", "", *words(text)], set()
        for end in range(2, len(tokens)):
            if (noun := nouns.get(tokens[end])) is None:
                continue
            start = end - 1
            while tokens[start] in small:
                if tokens[start] in adjectives:
                    shown.add(("adjective", tokens[start], noun))
                start -= 1
            if tokens[start] in verbs:
                shown.add(("verb", verbs[tokens[start]], noun))
            if tokens[start - 1] in verbs:
                shown.add(("verb", f"{verbs[tokens[start - 1]]} {tokens[start]}", noun))
        found.append(shown)
    return found


def test_the_text_of_train_contains_no_reserved_combination(corpus: generate.Corpus) -> None:
    """This is read from the text alone; the test set proves that the reading finds combinations."""
    shown = set().union(*shown_combinations(lines("train.en")))
    assert len(shown) > 800
    assert shown & corpus.reserved == set()
    in_test = [combinations & corpus.reserved for combinations in shown_combinations(lines("test.en"))]
    assert sum(map(bool, in_test)) > 300


# The lexicon


def test_every_tag_belongs_to_a_noun() -> None:
    """A misspelled tag would silently match nothing."""
    known = {tag for noun in lexicon.NOUNS for tag in noun.tags.split()} | {"named"}
    used = {tag for adjective in lexicon.ADJECTIVES for tag in adjective.tags.split()}
    for verb in lexicon.VERBS:
        fields = (verb.subject, verb.object, verb.location, verb.goal)
        used |= {tag for field in fields for tag in field.split()}
    used |= {tag for _, _, tags in lexicon.SPOTS for tag in tags.split()}
    assert used - known == set()


def test_every_word_of_the_lexicon_is_in_train() -> None:
    text = set(words(" ".join(lines("train.en"))))
    assert {noun.english for noun in lexicon.NOUNS} <= text
    assert {adjective.english for adjective in lexicon.ADJECTIVES} <= text
    for verb in lexicon.VERBS:
        assert text & set(verb.english.split()), verb.key


# The grammar


def noun(name: str) -> lexicon.Noun:
    return next(noun for noun in lexicon.NOUNS if noun.english == name)


def phrase(text: str, plural: bool = False) -> NounPhrase:
    """Builds a phrase from English words: determiner (if any), adjectives and the singular of the noun."""
    determiners = {d.english: d for d in (*lexicon.POSSESSIVES, *lexicon.QUANTITIES)}
    determiners |= {"the": lexicon.THE, "a": lexicon.A, "this": lexicon.THIS, "kein": lexicon.NO}
    first, *rest = text.split()
    if first not in determiners:
        first, rest = "", [first, *rest]
    chosen = tuple(a for word in rest[:-1] for a in lexicon.ADJECTIVES if a.english == word)
    return grammar.noun_phrase(noun(rest[-1]), determiners.get(first, lexicon.BARE), chosen, plural)


def clause(subject: NounPhrase, key: str, tense: str, **rest: Any) -> grammar.Frame:
    verb = next(verb for verb in lexicon.VERBS if verb.key == key)
    if isinstance(adverb := rest.get("adverb"), str):
        rest["adverb"] = next(a for a in lexicon.ADVERBS if a.english == adverb)
    return grammar.frame_clause(Clause(subject, verb, tense, **rest))


I, YOU, HE, SHE, WE, THEY = PRONOUNS.values()  # noqa: E741

STATEMENTS = [
    (
        clause(phrase("the old man"), "see", "past", object=phrase("a small dog"), adverb="yesterday"),
        "yesterday the old man saw a small dog",
        "gestern hat der alte Mann einen kleinen Hund gesehen",
    ),
    (
        clause(I, "give", "will", recipient=phrase("the boy"), object=phrase("two red apple", True)),
        "I will give the boy two red apples",
        "ich werde dem Jungen zwei rote Äpfel geben",
    ),
    (
        clause(phrase("my sister"), "call", "present", object=HE, adverb="now"),
        "now my sister is calling him",
        "jetzt ruft meine Schwester ihn an",
    ),
    (
        clause(YOU, "help", "past", object=phrase("the old woman", True)),
        "you helped the old women",
        "du hast den alten Frauen geholfen",
    ),
    (
        clause(SHE, "talk to", "want", object=phrase("four young farmer", True)),
        "she wants to talk to four young farmers",
        "sie will mit vier jungen Bauern sprechen",
    ),
    (
        clause(THEY, "follow", "past", object=phrase("this big horse")),
        "they followed this big horse",
        "sie sind diesem großen Pferd gefolgt",
    ),
    (
        clause(HE, "buy", "past", object=phrase("kein new car"), negated=True, adverb="on Monday"),
        "on Monday he did not buy a new car",
        "am Montag hat er kein neues Auto gekauft",
    ),
    (
        clause(WE, "clean", "past", object=phrase("the kitchen"), negated=True, adverb="yesterday"),
        "yesterday we did not clean the kitchen",
        "gestern haben wir die Küche nicht geputzt",
    ),
    (
        clause(phrase("the child", True), "drink", "likes", object=phrase("cold milk")),
        "the children like to drink cold milk",
        "die Kinder trinken gern kalte Milch",
    ),
    (
        clause(phrase("our cat"), "sleep", "present", place=("under the table", "unter dem Tisch")),
        "our cat is sleeping under the table",
        "unsere Katze schläft unter dem Tisch",
    ),
    (
        clause(HE, "wear", "present", object=phrase("a expensive coat"), habitual=True, adverb="often"),
        "he often wears an expensive coat",
        "er trägt oft einen teuren Mantel",
    ),
    (
        clause(SHE, "pick up", "can", object=THEY, negated=True),
        "she cannot pick them up",
        "sie kann sie nicht abholen",
    ),
]


@pytest.mark.parametrize(("frame", "english", "german"), STATEMENTS)
def test_statements_are_translated(frame: grammar.Frame, english: str, german: str) -> None:
    assert grammar.english_statement(frame, front=True) == english
    assert grammar.german_statement(frame, front=True) == german


def test_an_adverb_of_time_that_is_not_fronted_stands_where_each_language_puts_it() -> None:
    """It is last in English; in German it precedes a definite object, but follows it if negated."""
    said = clause(SHE, "read", "past", object=phrase("the book"), adverb="yesterday")
    assert grammar.english_statement(said) == "she read the book yesterday"
    assert grammar.german_statement(said) == "sie hat gestern das Buch gelesen"
    denied = clause(SHE, "read", "past", object=phrase("the book"), adverb="yesterday", negated=True)
    assert grammar.german_statement(denied) == "sie hat das Buch gestern nicht gelesen"


def test_questions_are_translated() -> None:
    asked = clause(YOU, "know", "present", object=phrase("my neighbor"))
    assert grammar.english_question(asked) == "do you know my neighbor"
    assert grammar.german_inverted(asked) == "kennst du meinen Nachbarn"
    asked = clause(phrase("the teacher"), "turn off", "past", object=phrase("the lamp"))
    assert grammar.english_question(asked) == "did the teacher turn off the lamp"
    assert grammar.german_inverted(asked) == "hat der Lehrer die Lampe ausgemacht"


@pytest.mark.parametrize(
    ("frame", "german"),
    [
        (clause(HE, "invite", "present", object=I), "weil er mich einlädt"),
        (clause(I, "wait for", "past", object=phrase("the bus")), "weil ich auf den Bus gewartet habe"),
        (clause(WE, "arrive", "past", place=("", "am Bahnhof")), "weil wir am Bahnhof angekommen sind"),
        (clause(YOU, "repair", "must", object=phrase("the clock")), "weil du die Uhr reparieren musst"),
        (grammar.frame_copula(SHE, "very tired", "sehr müde", past=True), "weil sie sehr müde war"),
    ],
)
def test_subordinate_clauses_end_with_the_verb(frame: grammar.Frame, german: str) -> None:
    assert grammar.german_subordinate(frame, "weil") == german


def test_infinitive_clauses_have_zu_in_the_right_place() -> None:
    frame = clause(HE, "call", "will", object=phrase("his father"))
    assert grammar.german_infinitive(frame) == "seinen Vater anzurufen"
    frame = clause(HE, "open", "will", object=phrase("the window"))
    assert grammar.german_infinitive(frame) == "das Fenster zu öffnen"


@pytest.mark.parametrize(
    ("text", "plural", "forms"),
    [
        ("the old man", False, ("der alte Mann", "den alten Mann", "dem alten Mann")),
        ("a old man", False, ("ein alter Mann", "einen alten Mann", "einem alten Mann")),
        (
            "my clever daughter",
            False,
            ("meine kluge Tochter", "meine kluge Tochter", "meiner klugen Tochter"),
        ),
        ("this small child", False, ("dieses kleine Kind", "dieses kleine Kind", "diesem kleinen Kind")),
        ("our new car", False, ("unser neues Auto", "unser neues Auto", "unserem neuen Auto")),
        ("hot coffee", False, ("heißer Kaffee", "heißen Kaffee", "heißem Kaffee")),
        ("cold milk", False, ("kalte Milch", "kalte Milch", "kalter Milch")),
        ("a dark room", False, ("ein dunkles Zimmer", "ein dunkles Zimmer", "einem dunklen Zimmer")),
        ("many tired guest", True, ("viele müde Gäste", "viele müde Gäste", "vielen müden Gästen")),
        ("three black cat", True, ("drei schwarze Katzen", "drei schwarze Katzen", "drei schwarzen Katzen")),
        ("kein fresh egg", True, ("keine frischen Eier", "keine frischen Eier", "keinen frischen Eiern")),
        ("the student", False, ("der Student", "den Studenten", "dem Studenten")),
        ("the radio", True, ("die Radios", "die Radios", "den Radios")),
    ],
)
def test_noun_phrases_are_declined(text: str, plural: bool, forms: tuple[str, str, str]) -> None:
    assert phrase(text, plural).german == forms


def test_pronouns_agree_with_the_german_noun() -> None:
    found = {name: grammar.pronoun_for(phrase(f"the {name}")) for name in ("coat", "lamp", "book", "sister")}
    assert {name: (p.english, p.german[0]) for name, p in found.items() if p} == {
        "coat": ("it", "er"),
        "lamp": ("it", "sie"),
        "book": ("it", "es"),
        "sister": ("she", "sie"),
    }
    assert grammar.pronoun_for(phrase("the girl")) is None
    women = grammar.relative_pronoun(phrase("the woman", plural=True))
    assert (women.english, women.german) == ("who", ("die", "die", "denen"))


@pytest.mark.parametrize(
    ("place", "at", "to"),
    [
        ("the garden", ("in the garden", "im Garten"), ("to the garden", "in den Garten")),
        ("the office", ("in the office", "im Büro"), ("to the office", "ins Büro")),
        ("the school", ("at the school", "in der Schule"), ("to the school", "zur Schule")),
        ("the station", ("at the station", "am Bahnhof"), ("to the station", "zum Bahnhof")),
        (
            "a small village",
            ("in a small village", "in einem kleinen Dorf"),
            ("to a small village", "in ein kleines Dorf"),
        ),
    ],
)
def test_places_get_the_right_preposition_and_case(
    place: str, at: tuple[str, str], to: tuple[str, str]
) -> None:
    assert grammar.place_phrase(phrase(place), goal=False) == at
    assert grammar.place_phrase(phrase(place), goal=True) == to


@pytest.mark.parametrize(
    ("english", "german"),
    [
        (
            "The teacher forgot to bring you her red bag.",
            "Der Lehrer hat vergessen, dir ihre rote Tasche zu bringen.",
        ),
        (
            "This ball is very new, but it is broken.",
            "Dieser Ball ist sehr neu, aber er ist kaputt.",
        ),
        (
            "Although we are tired, we want to open the beautiful doors.",
            "Obwohl wir müde sind, wollen wir die schönen Türen öffnen.",
        ),
        (
            "When I listened to her son, I was very sad.",
            "Als ich ihrem Sohn zugehört habe, war ich sehr traurig.",
        ),
        (
            "They always cook soup when these clever men are hungry.",
            "Sie kochen immer Suppe, wenn diese klugen Männer hungrig sind.",
        ),
        (
            "We invited the student that the girl talked to.",
            "Wir haben den Studenten eingeladen, mit dem das Mädchen gesprochen hat.",
        ),
        (
            "The shirt that your daughter is buying at the market is too old.",
            "Das Hemd, das deine Tochter auf dem Markt kauft, ist zu alt.",
        ),
        (
            "There is no new school in the quiet village.",
            "Im ruhigen Dorf gibt es keine neue Schule.",
        ),
        (
            "My bags are more expensive than the cups.",
            "Meine Taschen sind teurer als die Tassen.",
        ),
        (
            "I do not know whether they often pick up the student.",
            "Ich weiß nicht, ob sie den Studenten oft abholen.",
        ),
        (
            "The doctor did not go to the small park because it rained.",
            "Der Arzt ist nicht in den kleinen Park gegangen, weil es geregnet hat.",
        ),
        (
            "Why does the boy like to eat fresh cakes?",
            "Warum isst der Junge gern frische Kuchen?",
        ),
    ],
)
def test_pairs_that_were_checked_by_hand_are_in_the_corpus(english: str, german: str) -> None:
    assert (english, german) in {pair for split in SIZES for pair in pairs(split)}
