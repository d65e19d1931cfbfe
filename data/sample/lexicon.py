"""The words of the sample corpus, in small tables.

Every table pairs English forms with German ones, so each English word has one translation in
its context. Tags decide which words make sense together: an adjective or a verb lists the tags
of the nouns that it goes with.
"""

from typing import NamedTuple


class Noun(NamedTuple):
    """A noun; `oblique` is the accusative and dative singular of a weak masculine noun."""

    english: str
    plural: str
    german: str
    german_plural: str
    gender: str
    tags: str
    oblique: str = ""


class Adjective(NamedTuple):
    """An adjective; endings are added to `stem`; `comparative` is (English, German) if used."""

    english: str
    german: str
    tags: str
    stem: str = ""
    comparative: tuple[str, str] = ("", "")


class Verb(NamedTuple):
    """A verb with the subjects, objects and places that it takes.

    `english` holds base, third person, past and -ing form; `german` holds the infinitive
    (without separable prefix), the du form, the er form and the participle.
    """

    english: str
    german: str
    subject: str
    object: str = ""
    location: str = ""
    goal: str = ""
    prefix: str = ""
    case: str = "accusative"
    link: tuple[str, str] = ("", "")
    particle: str = ""
    auxiliary: str = "haben"
    article: str = "any"
    tenses: str = "present past future modal"
    progressive: bool = True
    habit: bool = False
    recipient: bool = False
    spots: bool = False
    clash: str = ""

    @property
    def base(self) -> str:
        return self.english.split()[0]

    @property
    def key(self) -> str:
        """The name of the verb in a combination: its base form with particle or preposition."""
        return " ".join(filter(None, (self.base, self.particle, self.link[0])))


class Determiner(NamedTuple):
    """A determiner; `declension` selects its own endings, `adjective` those of an adjective."""

    english: str
    plural: str
    german: str
    declension: str
    adjective: str
    definite: bool = True


class Adverb(NamedTuple):
    """A time adverb; `use` is the tense it goes with; `middle`: English puts it before the verb."""

    english: str
    german: str
    use: str
    middle: bool = False


class Place(NamedTuple):
    """The prepositions for "at" and "to" a place; an empty `goal` means that nobody goes there."""

    english: str
    german: str
    goal: str = ""


NOUNS = (
    Noun("man", "men", "Mann", "Männer", "m", "person adult"),
    Noun("woman", "women", "Frau", "Frauen", "f", "person adult"),
    Noun("child", "children", "Kind", "Kinder", "n", "person kid own"),
    Noun("boy", "boys", "Junge", "Jungen", "m", "person kid", "Jungen"),
    Noun("girl", "girls", "Mädchen", "Mädchen", "n", "person kid"),
    Noun("teacher", "teachers", "Lehrer", "Lehrer", "m", "person adult own"),
    Noun("doctor", "doctors", "Arzt", "Ärzte", "m", "person adult own"),
    Noun("farmer", "farmers", "Bauer", "Bauern", "m", "person adult", "Bauern"),
    Noun("neighbor", "neighbors", "Nachbar", "Nachbarn", "m", "person adult own", "Nachbarn"),
    Noun("student", "students", "Student", "Studenten", "m", "person adult", "Studenten"),
    Noun("baker", "bakers", "Bäcker", "Bäcker", "m", "person adult"),
    Noun("guest", "guests", "Gast", "Gäste", "m", "person adult own"),
    Noun("friend", "friends", "Freund", "Freunde", "m", "person kin own"),
    Noun("brother", "brothers", "Bruder", "Brüder", "m", "person kin own"),
    Noun("sister", "sisters", "Schwester", "Schwestern", "f", "person kin own"),
    Noun("mother", "mothers", "Mutter", "Mütter", "f", "person kin own once"),
    Noun("father", "fathers", "Vater", "Väter", "m", "person kin own once"),
    Noun("son", "sons", "Sohn", "Söhne", "m", "person kin own"),
    Noun("daughter", "daughters", "Tochter", "Töchter", "f", "person kin own"),
    Noun("dog", "dogs", "Hund", "Hunde", "m", "animal pet eater own"),
    Noun("cat", "cats", "Katze", "Katzen", "f", "animal pet own"),
    Noun("horse", "horses", "Pferd", "Pferde", "n", "animal farm eater own"),
    Noun("bird", "birds", "Vogel", "Vögel", "m", "animal eater"),
    Noun("cow", "cows", "Kuh", "Kühe", "f", "animal farm eater"),
    Noun("mouse", "mice", "Maus", "Mäuse", "f", "animal eater"),
    Noun("duck", "ducks", "Ente", "Enten", "f", "animal eater"),
    Noun("apple", "apples", "Apfel", "Äpfel", "m", "food fruit"),
    Noun("pear", "pears", "Birne", "Birnen", "f", "food fruit"),
    Noun("egg", "eggs", "Ei", "Eier", "n", "food cooked"),
    Noun("potato", "potatoes", "Kartoffel", "Kartoffeln", "f", "food cooked hot feed"),
    Noun("cake", "cakes", "Kuchen", "Kuchen", "m", "food baked"),
    Noun("soup", "", "Suppe", "", "f", "food cooked hot mass"),
    Noun("bread", "", "Brot", "", "n", "food baked mass feed"),
    Noun("cheese", "", "Käse", "", "m", "food mass"),
    Noun("water", "", "Wasser", "", "n", "drink mass cold"),
    Noun("milk", "", "Milch", "", "f", "drink mass cold hot fresh"),
    Noun("coffee", "", "Kaffee", "", "m", "drink mass hot"),
    Noun("tea", "", "Tee", "", "m", "drink mass hot cold sweet"),
    Noun("juice", "", "Saft", "", "m", "drink mass cold sweet fresh"),
    Noun("book", "books", "Buch", "Bücher", "n", "goods carry text written own heavy"),
    Noun("letter", "letters", "Brief", "Briefe", "m", "carry text written long"),
    Noun("newspaper", "newspapers", "Zeitung", "Zeitungen", "f", "goods carry text"),
    Noun("coat", "coats", "Mantel", "Mäntel", "m", "goods carry cloth garment long own color"),
    Noun("shirt", "shirts", "Hemd", "Hemden", "n", "goods cloth garment own color"),
    Noun("hat", "hats", "Hut", "Hüte", "m", "goods carry cloth own color"),
    Noun("sweater", "sweaters", "Pullover", "Pullover", "m", "goods cloth garment own color"),
    Noun("jacket", "jackets", "Jacke", "Jacken", "f", "goods carry cloth garment own color"),
    Noun("key", "keys", "Schlüssel", "Schlüssel", "m", "carry small own"),
    Noun("bag", "bags", "Tasche", "Taschen", "f", "goods carry holder own heavy color"),
    Noun("cup", "cups", "Tasse", "Tassen", "f", "goods holder dish color"),
    Noun("knife", "knives", "Messer", "Messer", "n", "goods carry dish own"),
    Noun("bottle", "bottles", "Flasche", "Flaschen", "f", "carry holder dish"),
    Noun("picture", "pictures", "Bild", "Bilder", "n", "goods carry art"),
    Noun("ball", "balls", "Ball", "Bälle", "m", "goods carry toy own color"),
    Noun("box", "boxes", "Kiste", "Kisten", "f", "goods holder lid heavy color"),
    Noun("lamp", "lamps", "Lampe", "Lampen", "f", "goods machine switch color"),
    Noun("radio", "radios", "Radio", "Radios", "n", "goods machine switch own"),
    Noun("clock", "clocks", "Uhr", "Uhren", "f", "goods machine"),
    Noun("table", "tables", "Tisch", "Tische", "m", "goods seat heavy furniture color"),
    Noun("chair", "chairs", "Stuhl", "Stühle", "m", "goods seat furniture color"),
    Noun("bed", "beds", "Bett", "Betten", "n", "goods furniture own heavy"),
    Noun("car", "cars", "Auto", "Autos", "n", "goods vehicle machine landmark own color"),
    Noun("bicycle", "bicycles", "Fahrrad", "Fahrräder", "n", "goods vehicle machine own color"),
    Noun("boat", "boats", "Boot", "Boote", "n", "goods vehicle own color"),
    Noun("train", "trains", "Zug", "Züge", "m", "transit"),
    Noun("bus", "buses", "Bus", "Busse", "m", "transit landmark"),
    Noun("door", "doors", "Tür", "Türen", "f", "lid landmark color"),
    Noun("window", "windows", "Fenster", "Fenster", "n", "lid glass"),
    Noun("tree", "trees", "Baum", "Bäume", "m", "landmark plant"),
    Noun("house", "houses", "Haus", "Häuser", "n", "place home dwelling building landmark own"),
    Noun("garden", "gardens", "Garten", "Gärten", "m", "place green own"),
    Noun("kitchen", "kitchens", "Küche", "Küchen", "f", "place room work own"),
    Noun("room", "rooms", "Zimmer", "Zimmer", "n", "place room home own"),
    Noun("school", "schools", "Schule", "Schulen", "f", "place building landmark work"),
    Noun("market", "markets", "Markt", "Märkte", "m", "place trade"),
    Noun("park", "parks", "Park", "Parks", "m", "place green"),
    Noun("forest", "forests", "Wald", "Wälder", "m", "place green"),
    Noun("field", "fields", "Feld", "Felder", "n", "place green"),
    Noun("city", "cities", "Stadt", "Städte", "f", "place town sight"),
    Noun("village", "villages", "Dorf", "Dörfer", "n", "place town"),
    Noun("station", "stations", "Bahnhof", "Bahnhöfe", "m", "place stop"),
    Noun("bridge", "bridges", "Brücke", "Brücken", "f", "place outside long"),
    Noun("river", "rivers", "Fluss", "Flüsse", "m", "place outside long"),
    Noun("street", "streets", "Straße", "Straßen", "f", "place outside long"),
    Noun("shop", "shops", "Laden", "Läden", "m", "place trade work building landmark"),
    Noun("office", "offices", "Büro", "Büros", "n", "place work own"),
    Noun("church", "churches", "Kirche", "Kirchen", "f", "place building landmark sight"),
    Noun("museum", "museums", "Museum", "Museen", "n", "place building landmark sight work"),
    Noun("library", "libraries", "Bibliothek", "Bibliotheken", "f", "place building sight work"),
    Noun("restaurant", "restaurants", "Restaurant", "Restaurants", "n", "place diner work"),
)

PLACES = {
    "house": Place("in", "in"),
    "garden": Place("in", "in", "in"),
    "kitchen": Place("in", "in", "in"),
    "room": Place("in", "in", "in"),
    "school": Place("at", "in", "zu"),
    "market": Place("at", "auf", "zu"),
    "park": Place("in", "in", "in"),
    "forest": Place("in", "in", "in"),
    "field": Place("in", "auf"),
    "city": Place("in", "in", "in"),
    "village": Place("in", "in", "in"),
    "station": Place("at", "an", "zu"),
    "bridge": Place("on", "auf", "zu"),
    "river": Place("at", "an", "zu"),
    "street": Place("on", "auf"),
    "shop": Place("in", "in", "in"),
    "office": Place("in", "in", "in"),
    "church": Place("in", "in", "in"),
    "museum": Place("in", "in", "in"),
    "library": Place("in", "in", "in"),
    "restaurant": Place("in", "in", "in"),
}

# Prepositions of spots to sit, sleep or stand: English, German (with dative), tags of the noun.
SPOTS = (
    ("under", "unter", "furniture plant"),
    ("behind", "hinter", "landmark"),
    ("next to", "neben", "landmark furniture"),
    ("in front of", "vor", "landmark"),
)

_USED = "animal goods building"
_SIZED = "animal goods art vehicle plant lid building place"
ADJECTIVES = (
    Adjective("old", "alt", "adult kin plant town transit " + _USED, "", ("older", "älter")),
    Adjective("young", "jung", "adult animal kin", "", ("younger", "jünger")),
    Adjective("friendly", "freundlich", "adult kid pet kin"),
    Adjective("tired", "müde", "adult kid pet farm kin", "müd"),
    Adjective("hungry", "hungrig", "adult kid animal kin"),
    Adjective("happy", "glücklich", "adult kid kin"),
    Adjective("sad", "traurig", "adult kid kin"),
    Adjective("sick", "krank", "adult kid kin animal"),
    Adjective("strong", "stark", "adult farm kin", "", ("stronger", "stärker")),
    Adjective("clever", "klug", "adult kid kin pet", "", ("cleverer", "klüger")),
    Adjective("famous", "berühmt", "sight art"),
    Adjective("big", "groß", _SIZED, "", ("bigger", "größer")),
    Adjective("small", "klein", "kid " + _SIZED, "", ("smaller", "kleiner")),
    Adjective("new", "neu", "goods building transit"),
    Adjective("beautiful", "schön", _SIZED, "", ("more beautiful", "schöner")),
    Adjective("cheap", "billig", "goods diner food", "", ("cheaper", "billiger")),
    Adjective("expensive", "teuer", "goods diner", "teur", ("more expensive", "teurer")),
    Adjective("heavy", "schwer", "heavy", "", ("heavier", "schwerer")),
    Adjective("red", "rot", "color fruit"),
    Adjective("green", "grün", "color fruit"),
    Adjective("black", "schwarz", "color pet farm"),
    Adjective("white", "weiß", "color pet farm"),
    Adjective("dirty", "schmutzig", "cloth dish vehicle glass room furniture pet"),
    Adjective("broken", "kaputt", "machine glass furniture toy holder"),
    Adjective("empty", "leer", "holder building room diner transit"),
    Adjective("fresh", "frisch", "food fresh"),
    Adjective("sweet", "süß", "fruit sweet"),
    Adjective("hot", "heiß", "hot"),
    Adjective("cold", "kalt", "hot cold"),
    Adjective("quiet", "ruhig", "town outside green room diner"),
    Adjective("dark", "dunkel", "room outside building", "dunkl"),
    Adjective("fast", "schnell", "vehicle transit", "", ("faster", "schneller")),
    Adjective("long", "lang", "long", "", ("longer", "länger")),
    Adjective("interesting", "interessant", "text sight art"),
)
COLORS = ("red", "green", "black", "white")

_SEEN = "person animal vehicle transit building"
_INSIDE = "room work"
# fmt: off
VERBS = (
    Verb("see sees saw seeing", "sehen siehst sieht gesehen", "person animal", _SEEN,
         location="green outside", progressive=False, tenses="past present future can"),
    Verb("hear hears heard hearing", "hören hörst hört gehört", "person animal",
         "person animal transit", location="green outside", progressive=False,
         tenses="past present future can"),
    Verb("find finds found finding", "finden findest findet gefunden", "person",
         "carry animal", location="green outside", tenses="past future modal"),
    Verb("look looks looked looking", "suchen suchst sucht gesucht", "person",
         "carry animal", location="room green", link=("for", "")),
    Verb("lose loses lost losing", "verlieren verlierst verliert verloren", "person", "carry",
         location="green outside", tenses="past"),
    Verb("buy buys bought buying", "kaufen kaufst kauft gekauft", "person", "goods food drink",
         location="trade", article="new", clash="dirty broken"),
    Verb("sell sells sold selling", "verkaufen verkaufst verkauft verkauft", "person",
         "goods food", location="trade"),
    Verb("need needs needed needing", "brauchen brauchst braucht gebraucht", "person",
         "goods small", progressive=False, tenses="present",
         clash="dirty broken empty old"),
    Verb("have has had having", "haben hast hat gehabt", "person", "goods pet farm",
         article="indefinite", progressive=False, tenses="present"),
    Verb("read reads read reading", "lesen liest liest gelesen", "person", "text",
         location="room green", habit=True),
    Verb("write writes wrote writing", "schreiben schreibst schreibt geschrieben", "person",
         "written", location="room", article="new",
         clash="old cheap expensive heavy new"),
    Verb("eat eats ate eating", "essen isst isst gegessen", "person", "food",
         location="room green diner", habit=True),
    Verb("eat eats ate eating", "fressen frisst frisst gefressen", "eater", "fruit feed",
         location="green", habit=True),
    Verb("drink drinks drank drinking", "trinken trinkst trinkt getrunken", "person", "drink",
         location="room green diner", habit=True),
    Verb("cook cooks cooked cooking", "kochen kochst kocht gekocht", "person", "cooked",
         habit=True, clash="cold hot cheap"),
    Verb("bake bakes baked baking", "backen backst backt gebacken", "person", "baked", habit=True,
         clash="cheap"),
    Verb("open opens opened opening", "öffnen öffnest öffnet geöffnet", "person", "lid",
         article="definite"),
    Verb("close closes closed closing", "schließen schließt schließt geschlossen", "person",
         "lid", article="definite"),
    Verb("clean cleans cleaned cleaning", "putzen putzt putzt geputzt", "person",
         "glass furniture room vehicle", article="definite", habit=True),
    Verb("wash washes washed washing", "waschen wäschst wäscht gewaschen", "person",
         "cloth vehicle pet", article="definite", habit=True),
    Verb("repair repairs repaired repairing", "reparieren reparierst repariert repariert",
         "person", "machine seat"),
    Verb("wear wears wore wearing", "tragen trägst trägt getragen", "person", "cloth",
         article="general", habit=True),
    Verb("love loves loved loving", "lieben liebst liebt geliebt", "person", "person pet town",
         article="definite", progressive=False, tenses="present"),
    Verb("know knows knew knowing", "kennen kennst kennt gekannt", "person",
         "person town sight text", article="definite", progressive=False, tenses="present"),
    Verb("visit visits visited visiting", "besuchen besuchst besucht besucht", "person",
         "person sight", habit=True),
    Verb("meet meets met meeting", "treffen triffst trifft getroffen", "person", "person",
         location="green stop trade", habit=True),
    Verb("invite invites invited inviting", "laden lädst lädt eingeladen", "person", "person",
         prefix="ein", habit=True),
    Verb("call calls called calling", "rufen rufst ruft angerufen", "person", "person",
         prefix="an", article="definite", habit=True),
    Verb("pick picks picked picking", "holen holst holt abgeholt", "person", "person",
         prefix="ab", particle="up", article="definite", location="stop", habit=True),
    Verb("look looks looked looking", "sehen siehst sieht angesehen", "person",
         "art animal building cloth", prefix="an", link=("at", "")),
    Verb("turn turns turned turning", "machen machst macht angemacht", "person", "switch",
         prefix="an", particle="on", article="definite", clash="broken"),
    Verb("turn turns turned turning", "machen machst macht ausgemacht", "person", "switch",
         prefix="aus", particle="off", article="definite", clash="broken"),
    Verb("put puts put putting", "ziehen ziehst zieht angezogen", "person", "garment",
         prefix="an", particle="on", article="definite"),
    Verb("throw throws threw throwing", "werfen wirfst wirft weggeworfen", "person",
         "text cloth toy holder", prefix="weg", particle="away", article="definite"),
    Verb("feed feeds fed feeding", "füttern fütterst füttert gefüttert", "person", "animal",
         location="green", habit=True),
    Verb("help helps helped helping", "helfen hilfst hilft geholfen", "person", "person",
         case="dative", location="room work", habit=True),
    Verb("thank thanks thanked thanking", "danken dankst dankt gedankt", "person", "person",
         case="dative", article="definite"),
    Verb("follow follows followed following", "folgen folgst folgt gefolgt", "person animal",
         "person animal vehicle", case="dative", auxiliary="sein"),
    Verb("listen listens listened listening", "hören hörst hört zugehört", "person", "person",
         case="dative", prefix="zu", link=("to", ""), article="definite", habit=True),
    Verb("wait waits waited waiting", "warten wartest wartet gewartet", "person",
         "person transit", link=("for", "auf"), article="definite", habit=True),
    Verb("take takes took taking", "nehmen nimmst nimmt genommen", "person", "transit",
         article="definite", habit=True),
    Verb("miss misses missed missing", "verpassen verpasst verpasst verpasst", "person",
         "transit", article="definite", tenses="past"),
    Verb("talk talks talked talking", "sprechen sprichst spricht gesprochen", "person",
         "person", case="dative", link=("to", "mit"), habit=True),
    Verb("think thinks thought thinking", "denken denkst denkt gedacht", "person",
         "person town", link=("of", "an"), article="definite", habit=True),
    Verb("dream dreams dreamed dreaming", "träumen träumst träumt geträumt", "person",
         "farm pet vehicle dwelling", case="dative", link=("of", "von"), article="indefinite",
         habit=True, clash="tired hungry sick dirty", tenses="past present future"),
    Verb("play plays played playing", "spielen spielst spielt gespielt", "kid pet named",
         "pet toy kid", case="dative", link=("with", "mit"), location="green room",
         article="definite", habit=True),
    Verb("give gives gave giving", "geben gibst gibt gegeben", "person", "carry dish food",
         recipient=True),
    Verb("show shows showed showing", "zeigen zeigst zeigt gezeigt", "person",
         "carry vehicle pet home", recipient=True),
    Verb("send sends sent sending", "schicken schickst schickt geschickt", "person",
         "text art", recipient=True),
    Verb("bring brings brought bringing", "bringen bringst bringt gebracht", "person",
         "carry dish food drink", recipient=True),
    Verb("sleep sleeps slept sleeping", "schlafen schläfst schläft geschlafen", "person animal",
         location="green home", habit=True, spots=True),
    Verb("work works worked working", "arbeiten arbeitest arbeitet gearbeitet", "adult kin named",
         location="work green", habit=True),
    Verb("sing sings sang singing", "singen singst singt gesungen", "person",
         location="green room", habit=True),
    Verb("sit sits sat sitting", "sitzen sitzt sitzt gesessen", "person animal",
         location="green room", habit=True, spots=True),
    Verb("stand stands stood standing", "stehen stehst steht gestanden", "person pet farm",
         location="green outside", spots=True),
    Verb("live lives lived living", "wohnen wohnst wohnt gewohnt", "person",
         location="town dwelling", progressive=False, tenses="past present future"),
    Verb("stay stays stayed staying", "bleiben bleibst bleibt geblieben", "person",
         location="home town room", auxiliary="sein", habit=True),
    Verb("arrive arrives arrived arriving", "kommen kommst kommt angekommen", "person",
         location="town stop", prefix="an", auxiliary="sein", tenses="past present future"),
    Verb("go goes went going", "gehen gehst geht gegangen", "person",
         goal="green trade work stop outside sight", auxiliary="sein", habit=True),
    Verb("run runs ran running", "laufen läufst läuft gelaufen", "person pet farm",
         goal="green outside stop", auxiliary="sein", habit=True),
    Verb("drive drives drove driving", "fahren fährst fährt gefahren", "adult kin",
         goal="town stop", auxiliary="sein", habit=True),
)
# fmt: on

THE = Determiner("the", "the", "", "der", "weak")
A = Determiner("a", "", "ein", "ein", "mixed", False)
BARE = Determiner("", "", "", "none", "strong", False)
NO = Determiner("a", "any", "kein", "ein", "mixed", False)
NONE = Determiner("no", "no", "kein", "ein", "mixed")
THIS = Determiner("this", "these", "dies", "strong", "weak")
EVERY = Determiner("every", "", "jed", "strong", "weak")
POSSESSIVES = (
    Determiner("my", "my", "mein", "ein", "mixed"),
    Determiner("your", "your", "dein", "ein", "mixed"),
    Determiner("his", "his", "sein", "ein", "mixed"),
    Determiner("her", "her", "ihr", "ein", "mixed"),
    Determiner("our", "our", "unser", "ein", "mixed"),
)
# Quantities: plural only; adjectives keep their strong endings.
QUANTITIES = (
    Determiner("two", "two", "zwei", "none", "strong", False),
    Determiner("three", "three", "drei", "none", "strong", False),
    Determiner("four", "four", "vier", "none", "strong", False),
    Determiner("many", "many", "viel", "strong", "strong", False),
    Determiner("some", "some", "einig", "strong", "strong", False),
)
NAMES = {"Anna": "f", "Maria": "f", "Julia": "f", "Peter": "m", "Paul": "m", "Max": "m"}

ADVERBS = (
    Adverb("yesterday", "gestern", "past"),
    Adverb("last week", "letzte Woche", "past"),
    Adverb("on Monday", "am Montag", "past future"),
    Adverb("today", "heute", "present future modal"),
    Adverb("now", "jetzt", "present"),
    Adverb("tomorrow", "morgen", "future modal"),
    Adverb("next week", "nächste Woche", "future"),
    Adverb("every day", "jeden Tag", "habit"),
    Adverb("in the evening", "am Abend", "habit"),
    Adverb("often", "oft", "habit", middle=True),
    Adverb("always", "immer", "habit", middle=True),
    Adverb("sometimes", "manchmal", "habit", middle=True),
    Adverb("never", "nie", "habit", middle=True),
)

# Present forms for ich, du, er, wir (which is also the form for they).
HAVE = ("habe", "hast", "hat", "haben")
BE = ("bin", "bist", "ist", "sind")
WAS = ("war", "warst", "war", "waren")
MODALS = {
    "will": ("werde", "wirst", "wird", "werden"),
    "can": ("kann", "kannst", "kann", "können"),
    "must": ("muss", "musst", "muss", "müssen"),
    "should": ("sollte", "solltest", "sollte", "sollten"),
    "want": ("will", "willst", "will", "wollen"),
}

# Verbs that only some patterns use: weather, and verbs that open another clause.
RAIN = Verb("rain rains rained raining", "regnen regnest regnet geregnet", "weather")
SNOW = Verb("snow snows snowed snowing", "schneien schneist schneit geschneit", "weather")
TRY = Verb("try tries tried trying", "versuchen versuchst versucht versucht", "person")
FORGET = Verb("forget forgets forgot forgetting", "vergessen vergisst vergisst vergessen", "person")
HOPE = Verb("hope hopes hoped hoping", "hoffen hoffst hofft gehofft", "person", progressive=False)
