"""Codes of languages: which served language a request means, and what it is called in English."""

from __future__ import annotations

from collections.abc import Collection

# ISO 639-1 (2002, as of 2024), and the codes of longer standards that translation services use.
_NAMES = """
aa Afar|ab Abkhazian|ae Avestan|af Afrikaans|ak Akan|am Amharic|an Aragonese|ar Arabic|as Assamese|av Avaric
ay Aymara|az Azerbaijani|ba Bashkir|be Belarusian|bg Bulgarian|bi Bislama|bm Bambara|bn Bengali|bo Tibetan
br Breton|bs Bosnian|ca Catalan|ce Chechen|ch Chamorro|co Corsican|cr Cree|cs Czech|cu Church Slavonic
cv Chuvash|cy Welsh|da Danish|de German|dv Dhivehi|dz Dzongkha|ee Ewe|el Greek|en English|eo Esperanto
es Spanish|et Estonian|eu Basque|fa Persian|ff Fulah|fi Finnish|fj Fijian|fo Faroese|fr French
fy Western Frisian|ga Irish|gd Scottish Gaelic|gl Galician|gn Guarani|gu Gujarati|gv Manx|ha Hausa|he Hebrew
hi Hindi|ho Hiri Motu|hr Croatian|ht Haitian|hu Hungarian|hy Armenian|hz Herero|ia Interlingua|id Indonesian
ie Interlingue|ig Igbo|ii Sichuan Yi|ik Inupiaq|io Ido|is Icelandic|it Italian|iu Inuktitut|ja Japanese
jv Javanese|ka Georgian|kg Kongo|ki Kikuyu|kj Kuanyama|kk Kazakh|kl Kalaallisut|km Khmer|kn Kannada|ko Korean
kr Kanuri|ks Kashmiri|ku Kurdish|kv Komi|kw Cornish|ky Kyrgyz|la Latin|lb Luxembourgish|lg Ganda|li Limburgish
ln Lingala|lo Lao|lt Lithuanian|lu Luba-Katanga|lv Latvian|mg Malagasy|mh Marshallese|mi Maori|mk Macedonian
ml Malayalam|mn Mongolian|mr Marathi|ms Malay|mt Maltese|my Burmese|na Nauru|nb Norwegian Bokmål
nd North Ndebele|ne Nepali|ng Ndonga|nl Dutch|nn Norwegian Nynorsk|no Norwegian|nr South Ndebele|nv Navajo
ny Chichewa|oc Occitan|oj Ojibwa|om Oromo|or Odia|os Ossetian|pa Punjabi|pi Pali|pl Polish|ps Pashto
pt Portuguese|qu Quechua|rm Romansh|rn Rundi|ro Romanian|ru Russian|rw Kinyarwanda|sa Sanskrit|sc Sardinian
sd Sindhi|se Northern Sami|sg Sango|si Sinhala|sk Slovak|sl Slovenian|sm Samoan|sn Shona|so Somali|sq Albanian
sr Serbian|ss Swati|st Southern Sotho|su Sundanese|sv Swedish|sw Swahili|ta Tamil|te Telugu|tg Tajik|th Thai
ti Tigrinya|tk Turkmen|tl Tagalog|tn Tswana|to Tongan|tr Turkish|ts Tsonga|tt Tatar|tw Twi|ty Tahitian
ug Uyghur|uk Ukrainian|ur Urdu|uz Uzbek|ve Venda|vi Vietnamese|vo Volapük|wa Walloon|wo Wolof|xh Xhosa
yi Yiddish|yo Yoruba|za Zhuang|zh Chinese|zu Zulu
ceb Cebuano|ckb Central Kurdish|dsb Lower Sorbian|fil Filipino|gsw Swiss German|haw Hawaiian|hsb Upper Sorbian
kab Kabyle|nds Low German|yue Cantonese
"""
_NAME_OF = dict(entry.split(" ", 1) for line in _NAMES.split("\n") for entry in line.split("|") if entry)
_SCRIPTS = {
    "arab": "Arabic",
    "cyrl": "Cyrillic",
    "hans": "simplified",
    "hant": "traditional",
    "latn": "Latin",
}


def english_name(code: str) -> str:
    """Returns the English name of a language, such as ``Portuguese (BR)`` for ``pt-BR``.

    A code that is unknown is its own name.
    """
    language, *subtags = code.replace("_", "-").split("-")
    name = _NAME_OF.get(language.lower())
    if name is None or not subtags:
        return name or code
    return f"{name} ({', '.join(_SCRIPTS.get(subtag.lower(), subtag) for subtag in subtags)})"


def find_served(code: str, served: Collection[str]) -> str | None:
    """Returns the served language that a code means, or None.

    Case is ignored, and ``_`` is the same as ``-``. If the code itself is not served, parts at its end are
    left out until it is (RFC 4647, 3.4, lookup): ``de-AT`` means a served ``de``. Last, a code without such
    parts means the only served language that begins with it: ``pt`` means ``pt-BR``.

    Args:
        code: the code in a request.
        served: the codes of the served languages.
    """
    if code in served:
        return code
    subtags = _normalized(code)
    by_subtags = {_normalized(language): language for language in sorted(served)}
    for length in range(len(subtags), 0, -1):
        if subtags[:length] in by_subtags:
            return by_subtags[subtags[:length]]
    longer = [language for known, language in by_subtags.items() if known[: len(subtags)] == subtags]
    return longer[0] if len(longer) == 1 else None


def _normalized(code: str) -> tuple[str, ...]:
    return tuple(code.lower().replace("_", "-").split("-"))
