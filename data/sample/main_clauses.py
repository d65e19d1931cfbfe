"""Draws sentences with one clause; also contains what all sentence patterns share."""

from dataclasses import replace
from typing import NamedTuple

from grammar import (
    ACCUSATIVE,
    NOMINATIVE,
    WHO,
    Clause,
    Combination,
    Frame,
    NounPhrase,
    describe,
    english_question,
    english_statement,
    frame_clause,
    frame_copula,
    german_inverted,
    german_statement,
    join,
    noun_phrase,
    sentence,
)
from lexicon import ADJECTIVES, COLORS, NONE, QUANTITIES, THE, VERBS, A, Adjective, Verb
from sampler import STATES, Sampler, adjectives_for, fits, nouns_tagged

ADJECTIVE = {adjective.english: adjective for adjective in ADJECTIVES}
VERY, TOO, PLAIN = ("very", "sehr"), ("too", "zu"), ("", "")
ABSOLUTE = (*COLORS, "broken", "empty")
EXCESSIVE = ("big", "small", "old", "young", "heavy", "hot", "cold", "dark", "long", "expensive")

# Tags of things that are compared with each other.
GROUPS = (
    *("adult", "kid", "kin", "pet farm", "furniture", "vehicle"),
    *("cloth", "building", "town", "outside", "holder"),
)


class Sentence(NamedTuple):
    """A sentence in both languages with the combinations of words in it."""

    english: str
    german: str
    combinations: frozenset[Combination]


def verbs_named(keys: str) -> list[Verb]:
    """Returns the verbs with these base forms."""
    return [verb for verb in VERBS if verb.base in keys.split()]


def build(english: str, german: str, *frames: Frame, mark: str = ".") -> Sentence:
    """Makes a sentence from both texts and collects the combinations of its clauses."""
    combinations = frozenset().union(*(frame.combinations for frame in frames))
    return Sentence(sentence(english, mark), sentence(german, mark), combinations)


def degree(sampler: Sampler, adjective: Adjective) -> tuple[str, str]:
    """Draws very, too or nothing for an adjective."""
    if adjective.english in ABSOLUTE:
        return PLAIN
    choices = [PLAIN, PLAIN, VERY, TOO] if adjective.english in EXCESSIVE else [PLAIN, PLAIN, VERY]
    return sampler.random.choice(choices)


def known(sampler: Sampler, tags: str, probability: float = 0.0) -> NounPhrase:
    """Draws a known person or thing with one of the tags."""
    noun = sampler.noun(tags)
    return sampler.describe_noun(noun, sampler.definite(noun), probability)


def simple_copula(sampler: Sampler, past: bool | None = None) -> Frame:
    """Draws a description of a person or thing."""
    while True:
        noun = sampler.noun("person animal goods food drink place text art transit dish plant")
        adjectives = adjectives_for(noun)
        if adjectives:
            break
    subject = sampler.describe_noun(noun, sampler.definite(noun), 0.0)
    colors = [adjective for adjective in adjectives if adjective.english in COLORS]
    adjective = sampler.random.choice(adjectives)
    if colors and adjective not in colors and not subject.plural and sampler.chance(0.3):
        subject = noun_phrase(noun, THE, (sampler.random.choice(colors),))
    past = sampler.chance(0.3) if past is None else past
    negated = sampler.chance(0.15)
    how = PLAIN if negated else degree(sampler, adjective)
    time = None
    if adjective.english in STATES and sampler.chance(0.3):
        time = sampler.adverb("past" if past else "present", middle=False)
    return describe(subject, adjective, how, past, negated, time)


def statement(sampler: Sampler) -> Sentence | None:
    """Draws a main clause, with the time adverb first or not."""
    frame = frame_clause(sampler.clause())
    front = sampler.chance(0.55)
    return build(english_statement(frame, front), german_statement(frame, front), frame)


def vague(phrase: NounPhrase) -> bool:
    """Returns whether a phrase names nobody in particular."""
    return phrase.kind == "indefinite" or phrase.english.startswith("every ")


def asked(sampler: Sampler, verbs: list[Verb], timed: bool = True) -> Clause | None:
    """Draws a clause that makes sense as a question."""
    clause = sampler.clause(negated=False, timed=timed, verbs=verbs)
    subject = clause.subject
    own = subject.english == "I" and clause.tense not in ("can", "should")
    if own or vague(subject) or clause.tense == "must":
        return None
    return clause


def question(sampler: Sampler) -> Sentence | None:
    """Draws a yes-no question."""
    clause = asked(sampler, list(VERBS))
    if clause is None:
        return None
    frame = frame_clause(clause)
    return build(english_question(frame), german_inverted(frame), frame, mark="?")


def open_question(sampler: Sampler) -> Sentence | None:
    """Draws a question with why, when, where or who."""
    word = sampler.random.choice(("why", "when", "where", "who"))
    if word == "who":
        frame = frame_clause(sampler.clause(WHO, negated=False))
        return build(english_statement(frame), german_statement(frame), frame, mark="?")
    verbs = [verb for verb in VERBS if verb.location] if word == "where" else list(VERBS)
    clause = asked(sampler, verbs, timed=word == "why")
    odd = word == "why" and clause is not None and clause.verb.base in ("see", "hear", "have")
    if clause is None or odd or (word == "when" and clause.tense not in ("past", "will", "can")):
        return None
    target = clause.object
    if word in ("when", "where") and target and target.kind == "indefinite" and target.plural:
        return None
    if word == "where":
        clause = replace(clause, place=("", ""), combinations=frozenset())
    frame = frame_clause(clause)
    german = {"why": "warum", "when": "wann", "where": "wo"}[word]
    english = join(word, english_question(frame))
    return build(english, join(german, german_inverted(frame)), frame, mark="?")


def description(sampler: Sampler) -> Sentence | None:
    """Draws a statement or question about what something is like."""
    frame = simple_copula(sampler)
    if sampler.chance(0.2) and "not" not in frame.plain:
        return build(english_question(frame), german_inverted(frame), frame, mark="?")
    front = sampler.chance(0.5)
    return build(english_statement(frame, front), german_statement(frame, front), frame)


def there_is(sampler: Sampler) -> Sentence | None:
    """Draws a sentence about what there is in a place (es gibt)."""
    where, content = sampler.random.choice(
        (
            ("town", "building trade diner sight"),
            ("green", "animal plant"),
            ("room", "furniture switch glass"),
        )
    )
    place, (english_place, german_place) = sampler.place(where)
    noun = sampler.noun(content)
    if fits(noun.tags, "town") or noun.english == "house" or place.kind == "indefinite":
        return None
    kind = sampler.random.choice([A, A, NONE, *QUANTITIES])
    phrase = sampler.describe_noun(noun, [kind], 0.6)
    be, german = "are" if phrase.plural else "is", phrase.german[ACCUSATIVE]
    combinations = phrase.combinations | place.combinations
    frame = frame_copula(phrase, "", "", combinations=combinations)
    if sampler.chance(0.25) and kind is not NONE and kind.english != "some":
        english = join(be, "there", phrase.english, english_place)
        return build(english, join("gibt es", german_place, german), frame, mark="?")
    english = join("there", be, phrase.english, english_place)
    return build(english, join(german_place, "gibt es", german), frame)


def comparison(sampler: Sampler) -> Sentence | None:
    """Draws a comparison: older than, (not) as old as."""
    adjective = sampler.random.choice([a for a in ADJECTIVES if a.comparative[0]])
    group = sampler.random.choice(GROUPS)
    nouns = [noun for noun in nouns_tagged(group) if fits(noun.tags, adjective.tags)]
    if len(nouns) < 2:
        return None
    pair = sampler.random.sample(nouns, 2)
    first, second = (sampler.describe_noun(noun, sampler.definite(noun), 0) for noun in pair)
    if first.plural != second.plural:
        return None
    mode = sampler.random.choice(("than", "than", "as", "not as"))
    if mode == "than":
        english, german = join(adjective.comparative[0], "than"), adjective.comparative[1] + " als"
    else:
        english, german = f"as {adjective.english} as", f"so {adjective.german} wie"
    english, german = join(english, second.english), join(german, second.german[NOMINATIVE])
    pairs = frozenset(("adjective", adjective.english, noun.english) for noun in pair)
    frame = frame_copula(first, english, german, negated=mode == "not as", combinations=pairs)
    return build(english_statement(frame), german_statement(frame), frame)
