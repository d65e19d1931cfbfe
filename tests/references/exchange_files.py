"""Handwritten TMX, PO and XLIFF files, and the pairs that they contain."""

from translator.corpus.readers import Pair

TMX_UNIT = '<tu><tuv xml:lang="en"><seg>A dog.</seg></tuv><tuv xml:lang="de"><seg>Ein Hund.</seg></tuv></tu>'


def tmx(units: str, head: str = '<?xml version="1.0"?>') -> str:
    return f'{head}\n<tmx version="1.4"><header srclang="en"/><body>\n{units}\n</body></tmx>\n'


PO = r"""# German translations.
# Of a program.
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

#: main.c:12
msgid "Twelve \"hens\""
msgstr "Zwölf „Hühner“"

msgctxt "menu"
msgid ""
"First line\n"
"\tand the second"
msgstr ""
"Erste Zeile\n"
"und die zweite"

#, c-format
msgid "%d dog"
msgid_plural "%d dogs"
msgstr[0] "%d Hund"
msgstr[1] "%d Hunde"

#, fuzzy
msgid "A guess"
msgstr "Geraten"

msgid "Not yet"
msgstr ""

msgid "No cat"
msgid_plural "No cats"
msgstr[0] ""
msgstr[1] ""

#~ msgid "Gone"
#~ msgstr "Weg"
"""
PO_PAIRS = [
    Pair('Twelve "hens"', "Zwölf „Hühner“"),
    Pair("First line and the second", "Erste Zeile und die zweite"),
    Pair("%d dog", "%d Hund"),
    Pair("%d dogs", "%d Hunde"),
]

XLIFF_1 = """<?xml version="1.0" encoding="UTF-8"?>
<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
<file original="a" source-language="en-US" target-language="de" datatype="plaintext"><body>
<trans-unit id="1"><source>A <g id="1">dog</g><x id="2"/>.</source><target>Ein <g id="1">Hund</g>.</target>
<alt-trans><source>A hound.</source><target>Ein Köter.</target></alt-trans></trans-unit>
<group><trans-unit id="2"><source>Press <bpt id="3">&lt;b></bpt>OK<ept id="3">&lt;/b></ept>
  now</source><target xml:lang="de">OK drücken</target></trans-unit></group>
<trans-unit id="3"><source>Not yet</source></trans-unit>
<trans-unit id="4"><source>Nothing</source><target> </target></trans-unit>
</body></file>
<file original="b" source-language="en" datatype="plaintext"><body>
<trans-unit id="1"><source>Two</source><target>Zwei</target></trans-unit>
</body></file></xliff>
"""
XLIFF_2 = """<?xml version="1.0"?>
<xliff version="2.0" xmlns="urn:oasis:names:tc:xliff:document:2.0" srcLang="en-US" trgLang="de">
<file id="a"><unit id="1"><segment><source>A <pc id="1">dog</pc><ph id="2"/>.</source>
<target>Ein <pc id="1">Hund</pc>.</target></segment><ignorable><source> </source></ignorable>
<segment><source>Press OK
  now</source><target>OK drücken</target></segment></unit>
<group id="g"><unit id="2"><segment><source>Not yet</source></segment></unit>
<unit id="3"><segment><source>Nothing</source><target/></segment></unit></group></file>
<file id="b"><unit id="1"><segment><source>Two</source><target>Zwei</target></segment></unit></file>
</xliff>
"""
XLIFF_PAIRS = [Pair("A dog.", "Ein Hund."), Pair("Press OK now", "OK drücken"), Pair("Two", "Zwei")]
