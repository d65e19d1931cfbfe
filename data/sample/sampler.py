"""Draws random words that make sense together: noun phrases, places and clauses."""

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from grammar import (
    DATIVE,
    PRONOUNS,
    Clause,
    NounPhrase,
    join,
    noun_phrase,
    place_phrase,
)
from lexicon import (
    ADJECTIVES,
    ADVERBS,
    BARE,
    COLORS,
    EVERY,
    NAMES,
    NO,
    NOUNS,
    PLACES,
    POSSESSIVES,
    QUANTITIES,
    SPOTS,
    THE,
    THIS,
    VERBS,
    A,
    Adjective,
    Adverb,
    Determiner,
    Noun,
    Verb,
)

STATES = ("tired", "hungry", "happy", "sad", "sick")
NAMED = tuple(
    NounPhrase(name, name, (name, name, name), gender=gender, tags=frozenset({"person", "named"}))
    for name, gender in NAMES.items()
)
# What `Verb.tenses` must contain for each tense.
USES = {"past": "past", "present": "present", "will": "future", "can": "modal can"}
# Verbs that sound incomplete without a place.
NEEDS_PLACE = ("live", "stay", "arrive", "sit", "stand")
TENSES = ("past",) * 9 + ("present",) * 9 + ("will",) * 3 + ("can", "must", "should", "want")


@cache
def fits(tags: str, wanted: str) -> bool:
    """Returns whether the two lists of tags share one."""
    return not set(tags.split()).isdisjoint(wanted.split())


@cache
def nouns_tagged(tags: str) -> tuple[Noun, ...]:
    """Returns the nouns with one of the tags."""
    return tuple(noun for noun in NOUNS if fits(noun.tags, tags))


@cache
def adjectives_for(noun: Noun) -> tuple[Adjective, ...]:
    """Returns the adjectives that can describe a noun; a friendly friend sounds odd."""
    return tuple(
        adjective
        for adjective in ADJECTIVES
        if fits(adjective.tags, noun.tags) and noun.english not in adjective.english
    )


def objects_for(verb: Verb) -> tuple[Noun, ...]:
    """Returns the nouns that can be the object of a verb."""
    return nouns_tagged(verb.object)


def same_person(first: NounPhrase, second: NounPhrase) -> bool:
    """Returns whether two phrases may mean the same person (I and we included)."""
    if first.person != 3 or second.person != 3:
        return first.person == second.person
    if first.noun and second.noun:
        return first.noun == second.noun
    return first.english == second.english


def clashes(clause: Clause, target: NounPhrase) -> bool:
    """Returns whether an object makes no sense, such as turning on a broken lamp or wearing two hats."""
    verb, subject = clause.verb, clause.subject
    if "named" in target.tags and "named" in subject.tags and subject.kind != "pronoun":
        return True
    same_start = target.english.split()[0] == subject.english.split()[0]
    if same_start and target.plural and target.kind == "indefinite":
        return True
    if any(adjective in verb.clash.split() for _, adjective, _ in target.combinations):
        return True
    if verb.base not in ("wear", "put") or clause.habitual or clause.tense == "likes":
        return same_person(subject, target)
    return target.plural != subject.plural


def unclear(subject: NounPhrase, recipient: NounPhrase, target: NounPhrase) -> bool:
    """Returns whether it is unclear who gets what: "show her bottles", "Paul Max ein Buch"."""
    bare = target.kind == "indefinite" and not target.english.startswith(("a ", "an "))
    if recipient.english_object == "her" and bare:
        return True
    names = "named" in recipient.tags and "named" in subject.tags
    return (names and recipient.kind != "pronoun") or same_person(subject, recipient)


def likeable(verb: Verb) -> bool:
    """Returns whether "likes to" goes with a verb, which it does not if the object is one known thing."""
    return not verb.object or bool(verb.link[1]) or verb.article != "definite"


def suitable_verbs(
    verbs: Sequence[Verb], subject: NounPhrase | None, tense: str, habitual: bool
) -> list[Verb]:
    """Returns the verbs that go with a subject and a tense and, if needed, can describe a habit."""
    need = USES.get(tense, "modal") if tense else ""
    return [
        verb
        for verb in verbs
        if (subject is None or fits(verb.subject, " ".join(subject.tags)))
        and fits(verb.tenses, need or verb.tenses)
        and (verb.habit or not habitual)
    ]


class Sampler:
    """Draws phrases and clauses from one random generator."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def chance(self, probability: float) -> bool:
        """Returns True with the given probability."""
        return self.random.random() < probability

    def noun(self, tags: str) -> Noun:
        """Draws a noun with one of the tags."""
        return self.random.choice(nouns_tagged(tags))

    def adjectives(self, noun: Noun, probability: float = 0.5) -> tuple[Adjective, ...]:
        """Draws up to two adjectives, preferring those that fit few nouns; the second is a color."""
        choices = adjectives_for(noun)
        if not choices or not self.chance(probability):
            return ()
        weights = [1 / (3 + len(nouns_tagged(adjective.tags))) for adjective in choices]
        first = self.random.choices(choices, weights)[0]
        if first.english in STATES and (fits(noun.tags, "kin") or self.chance(0.5)):
            return ()
        parent = fits(noun.tags, "once") or noun.english == "friend"
        if fits(noun.tags, "kin") and first.english == ("young" if parent else "old"):
            return ()
        colors = [adjective for adjective in choices if adjective.english in COLORS]
        if colors and first not in colors and self.chance(0.15):
            return first, self.random.choice(colors)
        return (first,)

    def describe_noun(
        self, noun: Noun, choices: Sequence[Determiner], probability: float = 0.5
    ) -> NounPhrase:
        """Builds a phrase with one of the determiners, singular or plural as both allow."""
        determiner = self.random.choice(choices)
        maybe = bool(determiner.plural) and not fits(noun.tags, "place")
        plural = determiner in QUANTITIES or (maybe and self.chance(0.3))
        if determiner in (BARE, NO) and noun.plural:
            plural = determiner is BARE or self.chance(0.3)
        if not noun.plural or fits(noun.tags, "once"):
            plural = False
        return noun_phrase(noun, determiner, self.adjectives(noun, probability), plural)

    def definite(self, noun: Noun, possessives: bool = True) -> list[Determiner]:
        """Returns the determiners of a known thing; a relative always gets a possessive."""
        if fits(noun.tags, "kin"):
            return list(POSSESSIVES)
        own = possessives and fits(noun.tags, "own")
        return [THE] * 9 + [THIS] * 2 + (list(POSSESSIVES) if own else [])

    def indefinite(self, noun: Noun) -> list[Determiner]:
        """Returns the determiners of an unknown thing."""
        if not noun.plural:
            return [BARE]
        if fits(noun.tags, "kin"):
            return list(POSSESSIVES)
        if fits(noun.tags, "vehicle"):
            return [A]
        some = [BARE] * 2 if not fits(noun.tags, "person") else []
        return [A] * 6 + some + list(QUANTITIES)

    def subject(self, tags: str, plain: bool = False) -> NounPhrase:
        """Draws a subject; `plain` excludes a, every and quantities (for a negated clause)."""
        if fits(tags, "person adult named") and self.chance(0.27):
            return self.random.choice([*PRONOUNS.values(), PRONOUNS["I"], PRONOUNS["you"]])
        if fits(tags, "person named") and self.chance(0.15):
            return self.random.choice(NAMED)
        noun = self.noun(tags)
        choices = self.definite(noun)
        if not plain and not fits(noun.tags, "kin"):
            choices += [A, A, *QUANTITIES]
            choices += [EVERY] if fits(noun.tags, "person") else []
        return self.describe_noun(noun, choices, 0.4)

    def object(self, verb: Verb, negated: bool, article: str) -> NounPhrase:
        """Draws an object."""
        person = fits(verb.object, "person")
        if person and article not in ("indefinite", "bare") and self.chance(0.25):
            return self.random.choice(list(PRONOUNS.values()))
        if person and article not in ("indefinite", "bare") and self.chance(0.15):
            return self.random.choice(NAMED)
        noun = self.random.choice(objects_for(verb))
        definite = article == "definite" or (article in ("any", "new") and self.chance(0.55))
        if definite or (negated and (verb.link[1] or fits(noun.tags, "kin"))):
            return self.describe_noun(noun, self.definite(noun, article != "new"))
        if negated:
            return self.describe_noun(noun, [NO])
        if article in ("bare", "general") and not fits(noun.tags, "kin"):
            one = article == "general" and noun.plural
            return self.describe_noun(noun, [A, A, BARE] if one else [BARE])
        return self.describe_noun(noun, self.indefinite(noun))

    def recipient(self) -> NounPhrase:
        """Draws an indirect object: who gets something."""
        if self.chance(0.5):
            return self.random.choice(list(PRONOUNS.values()))
        return self.subject("person", plain=True)

    def place(self, tags: str, goal: bool = False) -> tuple[NounPhrase, tuple[str, str]]:
        """Draws a place with its prepositional phrase: "at" it, or "to" it for a goal."""
        nouns = [noun for noun in nouns_tagged(tags) if noun.english in PLACES]
        noun = self.random.choice([n for n in nouns if PLACES[n.english].goal or not goal])
        unknown = fits(noun.tags, "town diner sight" if goal else "town diner trade green building")
        determiners = self.definite(noun) + ([A, A] if unknown else [])
        phrase = noun_phrase(noun, self.random.choice(determiners), self.adjectives(noun, 0.35))
        return phrase, place_phrase(phrase, goal)

    def spot(self, actor: NounPhrase) -> tuple[NounPhrase, tuple[str, str]]:
        """Draws a spot, such as under the table or behind the house."""
        english, german, tags = self.random.choice(SPOTS)
        if "animal" not in actor.tags:
            tags = "plant" if english == "under" else "landmark"
        noun = self.noun(tags)
        phrase = noun_phrase(noun, self.random.choice((THE, THE, A)), self.adjectives(noun, 0.4))
        return phrase, (join(english, phrase.english), join(german, phrase.german[DATIVE]))

    def where(
        self,
        clause: Clause,
        target: NounPhrase | None,
    ) -> tuple[NounPhrase | None, tuple[str, str]]:
        """Draws the place of an event, or none if one would sound odd."""
        verb = clause.verb
        if verb.goal:
            return self.place(verb.goal, goal=True)
        asleep = verb.base == "sleep" and "animal" not in clause.subject.tags
        if verb.spots and not asleep and self.chance(0.45):
            return self.spot(clause.subject)
        big = target is not None and not target.tags.isdisjoint({"vehicle", "transit", "place"})
        if not verb.location or big or (clause.negated and target is not None):
            return None, ("", "")
        if verb.base in NEEDS_PLACE or self.chance(0.4):
            return self.place(verb.location)
        return None, ("", "")

    def adverb(self, use: str, middle: bool | None = None) -> Adverb:
        """Draws a time adverb that goes with a tense."""
        found = [adverb for adverb in ADVERBS if fits(adverb.use, use)]
        return self.random.choice([a for a in found if middle is None or a.middle == middle])

    def tense(self, verb: Verb) -> str:
        """Draws a tense that the verb is used in."""
        return self.random.choice([t for t in TENSES if fits(verb.tenses, USES.get(t, "modal"))])

    def clause(
        self,
        subject: NounPhrase | None = None,
        tense: str = "",
        negated: bool | None = None,
        timed: bool = True,
        habitual: bool = False,
        verbs: Sequence[Verb] = VERBS,
    ) -> Clause:
        """Draws a clause with whatever arguments are not given.

        `timed` allows a time adverb. `habitual` requires a simple present without one, as in
        "when the man reads a book".
        """
        verb = self.random.choice(suitable_verbs(verbs, subject, tense, habitual))
        tense = tense or self.tense(verb)
        adverb = None
        if tense == "present" and not habitual and timed and verb.habit and self.chance(0.65):
            if not negated and likeable(verb) and self.chance(0.3):
                tense = "likes"
            else:
                habitual, adverb = True, self.adverb("habit")
        elif timed and not habitual and (verb.progressive or tense != "present"):
            use = USES.get(tense, "modal")
            adverb = self.adverb(use) if self.chance(0.45) else None
        if habitual or tense in ("likes", "must") or verb.base == "dream":
            negated = False
        elif negated is None:
            negated = self.chance(0.14)
        actor = subject or self.subject(verb.subject, negated)
        clause = Clause(actor, verb, tense, adverb=adverb, negated=negated, habitual=habitual)
        return self.complete(clause)

    def complete(self, clause: Clause) -> Clause:
        """Adds the objects and the place that the verb of a clause needs."""
        verb, target = clause.verb, None
        if verb.object:
            article = verb.article
            if clause.tense == "likes" and not verb.link[1]:
                article = "bare"
            elif clause.habitual and fits(verb.object, "food drink text written cooked baked"):
                article = "general"
            target = self.object(verb, clause.negated, article)
            while clashes(clause, target):
                target = self.object(verb, clause.negated, article)
        recipient = self.recipient() if verb.recipient else None
        while recipient and target and unclear(clause.subject, recipient, target):
            recipient = self.recipient()
        place, text = self.where(clause, target)
        pairs = place.combinations if place else frozenset()
        return replace(clause, object=target, recipient=recipient, place=text, combinations=pairs)
