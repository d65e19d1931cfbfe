"""Applies agreement and word order: turns words into an English sentence and its translation.

A `Clause` holds the meaning, `frame_clause` works out its word forms in both languages, and the
functions below put a `Frame` in the order of a statement, a question or a subordinate clause.
The English past is always the German perfect, and the English progressive and simple present
are both the German present.
"""

from dataclasses import dataclass, replace

from lexicon import BE, HAVE, MODALS, NO, PLACES, WAS, Adjective, Adverb, Determiner, Noun, Verb

Combination = tuple[str, str, str]
Forms = tuple[str, str, str]
NOMINATIVE, ACCUSATIVE, DATIVE = 0, 1, 2
CASES = {"accusative": ACCUSATIVE, "dative": DATIVE}

# Endings by gender ("p" is the plural of all genders), each for the three cases above.
DEFINITE: dict[str, Forms] = {
    "m": ("der", "den", "dem"),
    "f": ("die", "die", "der"),
    "n": ("das", "das", "dem"),
    "p": ("die", "die", "den"),
}
STRONG: dict[str, Forms] = {
    "m": ("er", "en", "em"),
    "f": ("e", "e", "er"),
    "n": ("es", "es", "em"),
    "p": ("e", "e", "en"),
}
EIN: dict[str, Forms] = {
    "m": ("", "en", "em"),
    "f": ("e", "e", "er"),
    "n": ("", "", "em"),
    "p": ("e", "e", "en"),
}
ADJECTIVE_ENDINGS: dict[str, dict[str, Forms]] = {
    "strong": STRONG,
    "mixed": {
        "m": ("er", "en", "en"),
        "f": ("e", "e", "en"),
        "n": ("es", "es", "en"),
        "p": ("en", "en", "en"),
    },
    "weak": {
        "m": ("e", "en", "en"),
        "f": ("e", "e", "en"),
        "n": ("e", "e", "en"),
        "p": ("en", "en", "en"),
    },
}
CONTRACTIONS = {
    "in dem": "im",
    "in das": "ins",
    "an dem": "am",
    "zu dem": "zum",
    "zu der": "zur",
}


@dataclass(frozen=True)
class NounPhrase:
    """A noun with its determiner and adjectives, or a pronoun, in both languages.

    `kind` decides the position in a German clause: "pronoun", "definite", "indefinite", "none"
    (with kein) or "gap" (the object that a relative clause omits).
    """

    english: str
    english_object: str
    german: Forms
    person: int = 3
    plural: bool = False
    kind: str = "definite"
    gender: str = "m"
    noun: Noun | None = None
    tags: frozenset[str] = frozenset()
    combinations: frozenset[Combination] = frozenset()

    @property
    def index(self) -> int:
        """Returns the index of this subject in a table of verb forms for ich, du, er and wir."""
        return 3 if self.plural else self.person - 1

    @property
    def third_singular(self) -> bool:
        return self.person == 3 and not self.plural


_PERSON = frozenset({"person", "adult", "named"})
PRONOUNS = {
    "I": NounPhrase("I", "me", ("ich", "mich", "mir"), 1, kind="pronoun", tags=_PERSON),
    "you": NounPhrase("you", "you", ("du", "dich", "dir"), 2, kind="pronoun", tags=_PERSON),
    "he": NounPhrase("he", "him", ("er", "ihn", "ihm"), kind="pronoun", tags=_PERSON),
    "she": NounPhrase("she", "her", ("sie", "sie", "ihr"), 3, False, "pronoun", "f", tags=_PERSON),
    "we": NounPhrase("we", "us", ("wir", "uns", "uns"), 1, True, "pronoun", tags=_PERSON),
    "they": NounPhrase("they", "them", ("sie", "sie", "ihnen"), 3, True, "pronoun", tags=_PERSON),
}
WHO = NounPhrase("who", "who", ("wer", "wen", "wem"), tags=_PERSON)
IT = NounPhrase("it", "it", ("es", "es", "ihm"), kind="pronoun", gender="n")
GAP = NounPhrase("", "", ("", "", ""), kind="gap")


@dataclass(frozen=True)
class Clause:
    """The meaning of a clause; `tense` is present, past, likes or one of the modals."""

    subject: NounPhrase
    verb: Verb
    tense: str
    object: NounPhrase | None = None
    recipient: NounPhrase | None = None
    place: tuple[str, str] = ("", "")
    adverb: Adverb | None = None
    negated: bool = False
    habitual: bool = False
    combinations: frozenset[Combination] = frozenset()


@dataclass(frozen=True)
class Frame:
    """The word forms of a clause, to be put in order.

    English: `plain` is the verb of a statement, `auxiliary` and `bare` that of a question.
    German: `finite` opens the verb bracket and `end` closes it; `last` is the whole verb at the
    end of a subordinate clause, `zu` at the end of an infinitive clause.
    """

    subject: NounPhrase
    plain: str
    auxiliary: str
    bare: str
    rest: str
    finite: str
    middle: tuple[str, ...]
    end: str
    last: str
    base: str = ""
    zu: str = ""
    time: Adverb | None = None
    time_slot: int = 0
    combinations: frozenset[Combination] = frozenset()


def join(*parts: str) -> str:
    """Joins the parts that are not empty."""
    return " ".join(filter(None, parts))


def sentence(text: str, mark: str = ".") -> str:
    """Adds the capital letter and the final punctuation mark."""
    return text[0].upper() + text[1:] + mark


def noun_phrase(
    noun: Noun, determiner: Determiner, adjectives: tuple[Adjective, ...] = (), plural: bool = False
) -> NounPhrase:
    """Builds a noun phrase with all its endings."""
    words = join(*(adjective.english for adjective in adjectives))
    words = join(words, noun.plural if plural else noun.english)
    mass = not noun.plural and not determiner.definite
    article = determiner.plural if plural or mass else determiner.english
    if article == "a" and words[0] in "aeiou":
        article = "an"
    english = join(article, words)
    german = tuple(_decline(noun, determiner, adjectives, plural, case) for case in range(3))
    combinations = {("adjective", adjective.english, noun.english) for adjective in adjectives}
    kind = "none" if determiner is NO else "definite" if determiner.definite else "indefinite"
    return NounPhrase(
        english,
        english,
        (german[0], german[1], german[2]),
        plural=plural,
        kind=kind,
        gender=noun.gender,
        noun=noun,
        tags=frozenset(noun.tags.split()),
        combinations=frozenset(combinations),
    )


def _decline(
    noun: Noun,
    determiner: Determiner,
    adjectives: tuple[Adjective, ...],
    plural: bool,
    case: int,
) -> str:
    gender = "p" if plural else noun.gender
    if determiner.declension == "der":
        article = DEFINITE[gender][case]
    elif determiner.declension == "none":
        article = determiner.german
    else:
        endings = STRONG if determiner.declension == "strong" else EIN
        article = determiner.german + endings[gender][case]
    ending = ADJECTIVE_ENDINGS[determiner.adjective][gender][case]
    words = [(adjective.stem or adjective.german) + ending for adjective in adjectives]
    return join(article, *words, _decline_noun(noun, plural, case))


def _decline_noun(noun: Noun, plural: bool, case: int) -> str:
    if not plural:
        return noun.oblique if noun.oblique and case != NOMINATIVE else noun.german
    needs_n = case == DATIVE and noun.german_plural[-1] not in "ns"
    return noun.german_plural + ("n" if needs_n else "")


def pronoun_for(phrase: NounPhrase) -> NounPhrase | None:
    """Returns the pronoun for a phrase, or None where German usage varies (das Mädchen)."""
    if phrase.kind == "pronoun":
        return phrase
    if phrase.plural:
        return replace(PRONOUNS["they"], noun=phrase.noun, tags=phrase.tags)
    forms = {"m": PRONOUNS["he"], "f": PRONOUNS["she"], "n": IT}[phrase.gender]
    if "person" in phrase.tags:
        return None if forms is IT else replace(forms, noun=phrase.noun, tags=phrase.tags)
    return replace(forms, english="it", english_object="it", noun=phrase.noun, tags=phrase.tags)


def relative_pronoun(phrase: NounPhrase) -> NounPhrase:
    """Returns who or that with der, die or das, which agrees with the phrase."""
    nominative, accusative, dative = DEFINITE["p" if phrase.plural else phrase.gender]
    forms = (nominative, accusative, "denen" if phrase.plural else dative)
    english = "who" if "person" in phrase.tags else "that"
    return replace(phrase, english=english, german=forms, combinations=frozenset())


def place_phrase(phrase: NounPhrase, goal: bool) -> tuple[str, str]:
    """Returns "at" (dative) or "to" (accusative or zu) a place in both languages, contracted."""
    assert phrase.noun is not None
    place = PLACES[phrase.noun.english]
    if not goal:
        return join(place.english, phrase.english), contract(place.german, phrase.german[DATIVE])
    case = DATIVE if place.goal == "zu" else ACCUSATIVE
    return join("to", phrase.english), contract(place.goal, phrase.german[case])


def contract(preposition: str, phrase: str) -> str:
    """Joins a preposition and a noun phrase: in dem Park becomes im Park."""
    article, _, noun = phrase.partition(" ")
    short = CONTRACTIONS.get(f"{preposition} {article}")
    return join(short, noun) if short else join(preposition, phrase)


def english_be(subject: NounPhrase, past: bool = False) -> str:
    """Returns the form of "be" for a subject."""
    plural = subject.plural or subject.person == 2
    if past:
        return "were" if plural else "was"
    return "are" if plural else "am" if subject.person == 1 else "is"


def _english_verb(clause: Clause) -> tuple[str, str, str]:
    """Returns the verb of a statement, the auxiliary of a question and the verb that follows it."""
    base, third, past, progressive = clause.verb.english.split()
    subject = clause.subject
    middle = clause.adverb.english if clause.adverb and clause.adverb.middle else ""
    negation = "not" if clause.negated else ""
    present_do = "does" if subject.third_singular else "do"
    if clause.tense in ("want", "likes"):
        verb = "want" if clause.tense == "want" else "like"
        finite = verb + "s" if subject.third_singular else verb
        auxiliary, bare, plain = present_do, f"{verb} to {base}", f"{finite} to {base}"
    elif clause.tense == "past":
        auxiliary, bare, plain = "did", base, past
    elif clause.tense == "present" and (clause.habitual or not clause.verb.progressive):
        auxiliary, bare, plain = present_do, base, third if subject.third_singular else base
    else:
        auxiliary = english_be(subject) if clause.tense == "present" else clause.tense
        bare = progressive if clause.tense == "present" else base
        plain = join(auxiliary, negation, bare).replace("can not", "cannot")
        return plain, auxiliary, bare
    if clause.negated:
        plain = join(auxiliary, "not", bare)
    return join(middle, plain), auxiliary, join(middle, bare)


def _english_rest(clause: Clause) -> str:
    """Returns the objects, the particle and the place."""
    verb = clause.verb
    direct = clause.object.english_object if clause.object else ""
    recipient = clause.recipient.english_object if clause.recipient else ""
    direct = join(verb.link[0], direct)
    if clause.object and clause.object.kind == "pronoun":
        objects = join(direct, verb.particle)
    else:
        objects = join(verb.particle, direct)
    return join(recipient, objects, clause.place[0])


def _german_verb(clause: Clause) -> tuple[str, str, str]:
    """Returns the finite verb, the end of the verb bracket and the verb of a subordinate clause."""
    verb, index = clause.verb, clause.subject.index
    infinitive, du_form, er_form, participle = verb.german.split()
    if clause.tense in ("present", "likes"):
        stem = infinitive[:-1] if infinitive.endswith("ern") else infinitive[:-2]
        finite = (stem + "e", du_form, er_form, infinitive)[index]
        return finite, verb.prefix, verb.prefix + finite
    if clause.tense == "past":
        finite = (BE if verb.auxiliary == "sein" else HAVE)[index]
        return finite, participle, join(participle, finite)
    finite = MODALS[clause.tense][index]
    infinitive = verb.prefix + infinitive
    return finite, infinitive, join(infinitive, finite)


def _german_middle(clause: Clause) -> tuple[tuple[str, ...], int]:
    """Orders the words between the verbs; returns them with the index for a time adverb.

    Pronouns come first, then time and definite objects (in reverse order if negated), then
    often, gern or nicht, then indefinite objects, and prepositional phrases last.
    """
    slots: dict[str, list[str]] = {"pronoun": [], "definite": [], "indefinite": []}
    if clause.recipient:
        kind = "pronoun" if clause.recipient.kind == "pronoun" else "definite"
        slots[kind].append(clause.recipient.german[DATIVE])
    last: list[str] = []
    phrase, preposition = clause.object, clause.verb.link[1]
    if phrase and phrase.kind != "gap":
        text = phrase.german[CASES[clause.verb.case]]
        if preposition:
            last.append(join(preposition, text))
        else:
            slots["indefinite" if phrase.kind == "none" else phrase.kind].append(text)
    adverb = clause.adverb.german if clause.adverb and clause.adverb.middle else ""
    gern = "gern" if clause.tense == "likes" else ""
    kein = phrase is not None and phrase.kind == "none"
    nicht = "nicht" if clause.negated and not kein else ""
    early = [*slots["pronoun"], *(slots["definite"] if clause.negated else [])]
    late = [] if clause.negated else slots["definite"]
    order = [*early, *late, adverb, nicht, gern, *slots["indefinite"], *last, clause.place[1]]
    return tuple(order), len(early)


def frame_clause(clause: Clause) -> Frame:
    """Works out all word forms of a clause."""
    plain, auxiliary, bare = _english_verb(clause)
    finite, end, last = _german_verb(clause)
    middle, time_slot = _german_middle(clause)
    verb, combinations = clause.verb, set(clause.combinations)
    for phrase in (clause.subject, clause.object, clause.recipient):
        combinations |= phrase.combinations if phrase else set()
    if clause.object and clause.object.noun:
        combinations.add(("verb", verb.key, clause.object.noun.english))
    infinitive = verb.german.split()[0]
    zu = f"{verb.prefix}zu{infinitive}" if verb.prefix else f"zu {infinitive}"
    time = None if clause.adverb is None or clause.adverb.middle else clause.adverb
    return Frame(
        clause.subject,
        plain,
        auxiliary,
        bare,
        _english_rest(clause),
        finite,
        middle,
        end,
        last,
        verb.base,
        zu,
        time,
        time_slot,
        frozenset(combinations),
    )


def frame_copula(
    subject: NounPhrase,
    english: str,
    german: str,
    past: bool = False,
    negated: bool = False,
    time: Adverb | None = None,
    combinations: frozenset[Combination] = frozenset(),
) -> Frame:
    """Works out "subject is (not) ..." in the present or the past (was, war)."""
    be = english_be(subject, past)
    finite = (WAS if past else BE)[subject.index]
    negation, nicht = ("not", "nicht") if negated else ("", "")
    combinations = subject.combinations | combinations
    return Frame(
        subject,
        join(be, negation),
        be,
        negation,
        english,
        finite,
        (nicht, german),
        "",
        finite,
        time=time,
        combinations=combinations,
    )


def describe(
    subject: NounPhrase,
    adjective: Adjective,
    degree: tuple[str, str] = ("", ""),
    past: bool = False,
    negated: bool = False,
    time: Adverb | None = None,
) -> Frame:
    """Works out "subject is (very, too) adjective", and notes the combination of both."""
    noun = subject.noun.english if subject.noun else ""
    pairs = frozenset({("adjective", adjective.english, noun)}) if noun else frozenset()
    english, german = join(degree[0], adjective.english), join(degree[1], adjective.german)
    return frame_copula(subject, english, german, past, negated, time, pairs)


def _german_after_verb(frame: Frame, time: bool = True) -> str:
    adverb = frame.time.german if frame.time and time else ""
    slot = frame.time_slot
    return join(*frame.middle[:slot], adverb, *frame.middle[slot:])


def english_statement(frame: Frame, front: bool = False) -> str:
    """Puts the English words in order, with the time adverb first or last."""
    time = frame.time.english if frame.time else ""
    text = join(frame.subject.english, frame.plain, frame.rest)
    return join(time, text) if front else join(text, time)


def english_question(frame: Frame) -> str:
    """Puts the auxiliary before the subject."""
    time = frame.time.english if frame.time else ""
    return join(frame.auxiliary, frame.subject.english, frame.bare, frame.rest, time)


def german_statement(frame: Frame, front: bool = False) -> str:
    """Puts the finite verb second: after the subject, or after a time adverb in front."""
    if front and frame.time:
        return join(frame.time.german, german_inverted(frame, time=False))
    subject = frame.subject.german[NOMINATIVE]
    return join(subject, frame.finite, _german_after_verb(frame), frame.end)


def german_inverted(frame: Frame, time: bool = True) -> str:
    """Puts the verb before the subject: in a question, or after another element in front."""
    subject = frame.subject.german[NOMINATIVE]
    return join(frame.finite, subject, _german_after_verb(frame, time), frame.end)


def german_subordinate(frame: Frame, conjunction: str = "") -> str:
    """Puts the verb last."""
    subject = frame.subject.german[NOMINATIVE]
    return join(conjunction, subject, _german_after_verb(frame), frame.last)


def german_infinitive(frame: Frame) -> str:
    """Puts the infinitive with zu last."""
    return join(_german_after_verb(frame), frame.zu)
