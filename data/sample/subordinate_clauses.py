"""Draws sentences with two clauses, in both languages at once."""

from dataclasses import replace
from typing import NamedTuple

from grammar import (
    CASES,
    GAP,
    IT,
    NOMINATIVE,
    Clause,
    Frame,
    NounPhrase,
    describe,
    english_statement,
    frame_clause,
    frame_copula,
    german_infinitive,
    german_inverted,
    german_statement,
    german_subordinate,
    join,
    pronoun_for,
    relative_pronoun,
)
from lexicon import COLORS, FORGET, HOPE, RAIN, SNOW, THE, TRY, VERBS
from main_clauses import (
    ABSOLUTE,
    ADJECTIVE,
    EXCESSIVE,
    PLAIN,
    TOO,
    VERY,
    Sentence,
    build,
    degree,
    known,
    simple_copula,
    vague,
    verbs_named,
)
from sampler import STATES, Sampler, adjectives_for, fits, objects_for, same_person


class Opener(NamedTuple):
    """A verb before a that or whether clause: its present forms, and the conjunctions."""

    english: tuple[str, str]
    german: tuple[str, str, str, str]
    conjunction: tuple[str, str]


OPENERS = (
    Opener(("think", "thinks"), ("glaube", "glaubst", "glaubt", "glauben"), ("that", "dass")),
    Opener(("know", "knows"), ("weiß", "weißt", "weiß", "wissen"), ("that", "dass")),
    Opener(("say", "says"), ("sage", "sagst", "sagt", "sagen"), ("that", "dass")),
    Opener(("hope", "hopes"), ("hoffe", "hoffst", "hofft", "hoffen"), ("that", "dass")),
    Opener(("ask", "asks"), ("frage", "fragst", "fragt", "fragen"), ("whether", "ob")),
    Opener(
        ("do not know", "does not know"),
        ("weiß nicht", "weißt nicht", "weiß nicht", "wissen nicht"),
        ("whether", "ob"),
    ),
)

BECAUSE, ALTHOUGH, WHENEVER = ("because", "weil"), ("although", "obwohl"), ("when", "wenn")

# Reasons to do something to a thing: the verb, and adjectives of the thing.
REASONS = {
    "buy": "cheap beautiful fresh sweet interesting fast",
    "sell": "old small big",
    "read": "interesting",
    "look at": "beautiful interesting famous",
    "throw away": "old broken dirty",
    "repair": "broken old",
    "wash": "dirty",
    "clean": "dirty",
    "visit": "sick sad friendly famous",
    "help": "friendly tired sick sad",
    "invite": "friendly",
    "call": "sad sick",
    "love": "friendly clever beautiful",
    "eat": "fresh sweet",
    "drink": "cold hot fresh",
    "wear": "beautiful new",
    "feed": "hungry",
    "need": "fast",
}
# What people do in a state.
CONSEQUENCES = {
    "hungry": "eat bake cook",
    "tired": "sleep sit stay",
    "sick": "stay sleep",
    "happy": "sing",
    "sad": "stay sit",
}
# What makes people happy if they do it, and sad if they do not.
JOYS = (
    "see hear find buy sell read eat drink visit meet invite call help give show send bring play "
    "sing live stay repair arrive write listen"
)
LOSSES = "see hear find buy visit meet invite call help play go drive read eat drink sing send"
ATTEMPTS = "find open close repair read call help sell write cook bake"
DUTIES = "open close feed call invite buy bring send turn wash clean thank pick"
# Adjectives that describe one thing with "but" between them.
CONTRASTS = (
    ("old", "beautiful"),
    ("old", "fast"),
    ("old", "strong"),
    ("old", "interesting"),
    ("young", "clever"),
    ("small", "strong"),
    ("small", "beautiful"),
    ("small", "expensive"),
    ("small", "famous"),
    ("small", "heavy"),
    ("big", "cheap"),
    ("big", "quiet"),
    ("big", "empty"),
    ("dark", "beautiful"),
    ("cheap", "beautiful"),
    ("cheap", "fresh"),
    ("new", "dirty"),
    ("new", "broken"),
    ("new", "cheap"),
    ("tired", "happy"),
    ("tired", "friendly"),
    ("hungry", "friendly"),
    ("sick", "happy"),
    ("green", "sweet"),
    ("long", "interesting"),
)


def subordinate(main: Frame, clause: Frame, conjunction: tuple[str, str], first: bool) -> Sentence:
    """Joins a main and a subordinate clause, in either order."""
    english = join(conjunction[0], english_statement(clause))
    german = german_subordinate(clause, conjunction[1])
    if first:
        english = f"{english}, {english_statement(main)}"
        return build(english, f"{german}, {german_inverted(main)}", main, clause)
    english = f"{english_statement(main)} {english}"
    return build(english, f"{german_statement(main)}, {german}", main, clause)


def someone(sampler: Sampler) -> NounPhrase:
    """Draws a person to whom a pronoun can refer."""
    while True:
        person = sampler.subject("person", plain=True)
        adjectives = {adjective for _, adjective, _ in person.combinations}
        if pronoun_for(person) and adjectives.isdisjoint({*STATES, "old", "young"}):
            return person


def pronoun(phrase: NounPhrase) -> NounPhrase:
    """Returns the pronoun for a phrase, which must have one."""
    found = pronoun_for(phrase)
    assert found is not None
    return found


def weather(sampler: Sampler, tense: str, habitual: bool = False) -> Frame:
    """Draws a clause about the weather: it rains, it snows, it is cold or dark."""
    verb = sampler.random.choice((RAIN, SNOW, None))
    if verb:
        return frame_clause(Clause(IT, verb, tense, habitual=habitual))
    english, german = sampler.random.choice((("cold", "kalt"), ("hot", "heiß"), ("dark", "dunkel")))
    how = sampler.random.choice((PLAIN, VERY))
    english, german = join(how[0], english, "outside"), join("draußen", how[1], german)
    return frame_copula(IT, english, german, tense == "past")


def because_of_thing(sampler: Sampler) -> Sentence | None:
    """Draws an action with a reason in the thing: he buys the coat because it is cheap."""
    verb = sampler.random.choice([verb for verb in VERBS if verb.key in REASONS])
    past = "past" in verb.tenses and sampler.chance(0.6)
    tense = "past" if past else "present"
    clause = sampler.clause(None, tense, negated=False, timed=past, verbs=[verb])
    target = clause.object
    if target is None or target.noun is None or target.kind == "pronoun":
        return None
    if target.kind == "indefinite" and target.plural:
        return None
    used = {adjective for _, adjective, _ in target.combinations}
    found = pronoun_for(target)
    reasons = [a for a in adjectives_for(target.noun) if a.english in REASONS[verb.key].split()]
    if found is None or not reasons or not used <= set(COLORS):
        return None
    adjective = sampler.random.choice(reasons)
    how = sampler.random.choice((PLAIN, VERY))
    if verb.base == "sell" and adjective.english in EXCESSIVE:
        how = TOO
    if adjective.english in ABSOLUTE:
        how = PLAIN
    reason = describe(found, adjective, how, past)
    return subordinate(frame_clause(clause), reason, BECAUSE, False)


def because_of_state(sampler: Sampler) -> Sentence | None:
    """Draws an action with a reason in the person: she sleeps because she is tired."""
    state = sampler.random.choice(list(CONSEQUENCES))
    person = someone(sampler)
    tense = sampler.random.choice(("past", "present"))
    verbs = verbs_named(CONSEQUENCES[state])
    clause = sampler.clause(person, tense, negated=False, timed=False, verbs=verbs)
    how = sampler.random.choice((PLAIN, VERY))
    feeling = describe(pronoun(person), ADJECTIVE[state], how, tense == "past")
    return subordinate(frame_clause(clause), feeling, BECAUSE, False)


def because_of_event(sampler: Sampler) -> Sentence | None:
    """Draws a feeling with an event as its reason."""
    person = someone(sampler)
    state = sampler.random.choice(("happy", "happy", "sad", "tired"))
    past = sampler.chance(0.4)
    tense = "past" if past else sampler.random.choice(("past", "present", "will", "can"))
    if state == "tired":
        verbs, actor, negated = verbs_named("work run clean wash write repair"), person, False
        tense = "past"
    else:
        actor = person if sampler.chance(0.3) else sampler.subject("person", plain=True)
        verbs, negated = verbs_named(LOSSES if state == "sad" else JOYS), state == "sad"
    if same_person(actor, person):
        actor = pronoun(person)
    clause = sampler.clause(actor, tense, negated=negated, timed=False, verbs=verbs)
    if clause.negated != negated:
        return None
    mood = describe(person, ADJECTIVE[state], sampler.random.choice((PLAIN, VERY)), past)
    return subordinate(mood, frame_clause(clause), BECAUSE, False)


def indoors(clause: Clause) -> bool:
    """Returns whether a clause takes place in a house."""
    return any(word in clause.place[0].split() for word in ("house", "room", "kitchen"))


def because_of_weather(sampler: Sampler) -> Sentence | None:
    """Draws somebody who stays at home, or does not go out, because of the weather."""
    tense = sampler.random.choice(("past", "present", "can"))
    stays = tense != "can" and sampler.chance(0.4)
    verbs = verbs_named("stay" if stays else "go run drive play")
    actor = sampler.subject("person", plain=True)
    if not any(fits(verb.subject, " ".join(actor.tags)) for verb in verbs):
        return None
    clause = sampler.clause(actor, tense, negated=not stays, timed=False, verbs=verbs)
    if stays != indoors(clause):
        return None
    reason = weather(sampler, "past" if tense == "past" else "present")
    return subordinate(frame_clause(clause), reason, BECAUSE, sampler.chance(0.3))


def although(sampler: Sampler) -> Sentence | None:
    """Draws an action in spite of a state or the weather."""
    tense = sampler.random.choice(("past", "present", "will", "must", "want"))
    person = someone(sampler)
    if sampler.chance(0.3):
        reason = weather(sampler, "past" if tense == "past" else "present")
        clause = sampler.clause(person, tense, False, False, verbs=verbs_named("go run wait play"))
        if indoors(clause):
            return None
        return subordinate(frame_clause(clause), reason, ALTHOUGH, sampler.chance(0.5))
    state = ADJECTIVE[sampler.random.choice(("tired", "sick", "hungry", "sad", "old"))]
    if person.noun and not fits(state.tags, person.noun.tags):
        return None
    how = sampler.random.choice((PLAIN, VERY))
    verbs = [verb for verb in VERBS if verb.base not in ("sleep", "eat", "lose", "stay")]
    if state.english == "old":
        verbs = verbs_named("run work drive repair help cook go")
        tense = sampler.random.choice(("can", "want", "must"))
    clause = sampler.clause(pronoun(person), tense, timed=False, verbs=verbs)
    reason = describe(person, state, how, tense == "past")
    return subordinate(frame_clause(clause), reason, ALTHOUGH, True)


def when_now(sampler: Sampler) -> Sentence | None:
    """Draws what happens every time something else does (wenn)."""
    if sampler.chance(0.4):
        reason = weather(sampler, "present", habitual=True)
        actor = sampler.subject("person", plain=True)
        verbs = verbs_named("stay read sleep drink cook bake sing visit")
    else:
        state = sampler.random.choice(list(CONSEQUENCES))
        person = someone(sampler)
        reason, actor = describe(person, ADJECTIVE[state]), pronoun(person)
        verbs = verbs_named(CONSEQUENCES[state])
    clause = sampler.clause(actor, "present", timed=False, habitual=True, verbs=verbs)
    if clause.place[0] and not indoors(clause):
        return None
    if sampler.chance(0.6):
        clause = replace(clause, adverb=sampler.adverb("habit", middle=True))
    return subordinate(frame_clause(clause), reason, WHENEVER, sampler.chance(0.7))


def when_then(sampler: Sampler) -> Sentence | None:
    """Draws what happened once (als), or how somebody feels every time (wenn)."""
    person = someone(sampler)
    past = sampler.chance(0.65)
    tense, conjunction = ("past", ("when", "als")) if past else ("present", WHENEVER)
    clause = sampler.clause(person, tense, False, False, not past, verbs_named(JOYS))
    feeler = someone(sampler)
    unclear = person.kind == "pronoun" or (feeler.kind == "pronoun" and feeler.person == 3)
    if sampler.chance(0.6) or same_person(feeler, person) or unclear:
        feeler = pronoun(person)
    state = ADJECTIVE[sampler.random.choice(("happy", "happy", "sad"))]
    mood = describe(feeler, state, sampler.random.choice((PLAIN, VERY)), past)
    first = feeler.kind == "pronoun" or sampler.chance(0.5)
    return subordinate(mood, frame_clause(clause), conjunction, first)


def reported(sampler: Sampler) -> Sentence | None:
    """Draws what somebody thinks, knows, says or asks (dass, ob)."""
    opener = sampler.random.choice(OPENERS)
    speaker = sampler.subject("person", plain=True)
    english = opener.english[speaker.third_singular]
    inner = simple_copula(sampler) if sampler.chance(0.25) else frame_clause(sampler.clause())
    word, whether = opener.english[0], opener.conjunction[0] == "whether"
    if word in ("say", "ask") and speaker.person != 3:
        return None
    if word == "hope" and not (inner.base and inner.auxiliary in ("will", "can")):
        return None
    if whether and (inner.subject.kind == "indefinite" or "not" in inner.plain.split()):
        return None
    if whether and inner.subject.person != 3 and inner.subject.person == speaker.person:
        return None
    text = join(speaker.english, english, opener.conjunction[0], english_statement(inner))
    german = join(speaker.german[NOMINATIVE], opener.german[speaker.index])
    german = f"{german}, {german_subordinate(inner, opener.conjunction[1])}"
    spoken = replace(inner, combinations=inner.combinations | speaker.combinations)
    return build(text, german, spoken)


def with_relative(sampler: Sampler, phrase: NounPhrase) -> tuple[str, str, Frame] | None:
    """Draws a relative clause for a phrase, as its subject or as its object."""
    assert phrase.noun is not None
    who = relative_pronoun(phrase)
    if not phrase.tags.isdisjoint({"person", "animal"}) and sampler.chance(0.6):
        tense = sampler.random.choice(("past", "past", "present"))
        frame = frame_clause(sampler.clause(who, tense))
        return english_statement(frame), german_subordinate(frame), frame
    verbs = [verb for verb in VERBS if phrase.noun in objects_for(verb) and not verb.recipient]
    verbs = [verb for verb in verbs if verb.article != "indefinite"]
    if not verbs:
        return None
    past = [verb for verb in verbs if "past" in verb.tenses]
    tense = "past" if past and sampler.chance(0.8) else "present"
    verbs = past if tense == "past" else verbs
    clause = sampler.clause(None, tense, negated=False, timed=False, verbs=verbs)
    if same_person(clause.subject, phrase) or vague(clause.subject):
        return None
    verb = clause.verb
    frame = frame_clause(replace(clause, object=GAP))
    combinations = {("verb", verb.key, phrase.noun.english)}
    frame = replace(frame, combinations=frame.combinations | combinations)
    german = join(verb.link[1], who.german[CASES[verb.case]], german_subordinate(frame))
    return join("that", english_statement(frame)), german, frame


def relative_subject(sampler: Sampler) -> Sentence | None:
    """Draws a relative clause within the subject: the man who ... is ..."""
    noun = sampler.noun("person animal goods text art building vehicle")
    phrase = sampler.describe_noun(noun, [THE], 0.0)
    if fits(noun.tags, "kin"):
        return None
    relative = with_relative(sampler, phrase)
    if relative is None:
        return None
    english, german, inner = relative
    adjective = sampler.random.choice(adjectives_for(noun))
    nominative, *rest = phrase.german
    subject = replace(
        phrase,
        english=join(phrase.english, english),
        german=(f"{nominative}, {german},", rest[0], rest[1]),
    )
    frame = describe(subject, adjective, degree(sampler, adjective))
    return build(english_statement(frame), german_statement(frame), frame, inner)


def relative_object(sampler: Sampler) -> Sentence | None:
    """Draws a relative clause at the end: I know the man who ..."""
    verbs = [verb for verb in VERBS if verb.object and not verb.recipient]
    verbs = [verb for verb in verbs if verb.article != "indefinite"]
    clause = sampler.clause(negated=False, timed=False, verbs=verbs)
    noun = sampler.random.choice(objects_for(clause.verb))
    phrase = sampler.describe_noun(noun, [THE], 0.25)
    if fits(noun.tags, "kin mass drink food") or same_person(clause.subject, phrase):
        return None
    relative = with_relative(sampler, phrase)
    if relative is None or clause.tense == "likes" or relative[2].base == clause.verb.base:
        return None
    english, german, inner = relative
    main = frame_clause(replace(clause, object=phrase, place=("", ""), combinations=frozenset()))
    text = f"{german_statement(main)}, {german}"
    return build(join(english_statement(main), english), text, main, inner)


def infinitive(sampler: Sampler) -> Sentence | None:
    """Draws what somebody tries, forgets or hopes to do (zu)."""
    opener, tense, keys = sampler.random.choice(
        (
            (TRY, "present", ATTEMPTS),
            (TRY, "past", ATTEMPTS),
            (FORGET, "past", DUTIES),
            (HOPE, "present", "see buy find meet visit sell show"),
        )
    )
    person = sampler.subject("person", plain=True)
    inner = sampler.clause(person, "will", negated=False, timed=False, verbs=verbs_named(keys))
    main, frame = frame_clause(Clause(person, opener, tense)), frame_clause(inner)
    english = join(english_statement(main), "to", frame.base, frame.rest)
    return build(english, f"{german_statement(main)}, {german_infinitive(frame)}", frame)


def but(sampler: Sampler) -> Sentence | None:
    """Draws two descriptions of one subject, joined by "but"; the pronoun agrees with it."""
    first, second = (ADJECTIVE[name] for name in sampler.random.choice(CONTRASTS))
    subject = known(sampler, first.tags)
    again = pronoun_for(subject)
    if subject.noun is None or again is None or not fits(second.tags, subject.noun.tags):
        return None
    one = describe(subject, first, degree(sampler, first), negated=False)
    two = describe(again, second, PLAIN if second.english in ABSOLUTE else VERY)
    english = f"{english_statement(one)}, but {english_statement(two)}"
    return build(english, f"{german_statement(one)}, aber {german_statement(two)}", one, two)
