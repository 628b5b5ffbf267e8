"""Names of languages, for people and models that ask for one: `lang:de`, `lang:german`, `lang:Deutsch`."""

# ISO 639-1 code, English name, and the language's own name where people search in it: the languages that
# `indexer.pdf.language` can tell. Not all of ISO 639-1: a code that no document has is more likely meant as
# something else ("lang:ts" is TypeScript).
_NAMES = """
af afrikaans | am amharic አማርኛ | an aragonese aragonés | ar arabic العربية عربي | as assamese অসমীয়া
az azerbaijani azərbaycanca | ba bashkir | be belarusian беларуская | bg bulgarian български
bn bengali bangla বাংলা | br breton brezhoneg | bs bosnian bosanski | ca catalan català | cs czech čeština
cy welsh cymraeg | da danish dansk | de german deutsch | dz dzongkha | el greek ελληνικά | en english
eo esperanto | es spanish español castellano | et estonian eesti | eu basque euskara | fa persian farsi فارسی
fi finnish suomi | fo faroese | fr french français | fy frisian frysk | ga irish gaeilge | gd gaelic
gl galician galego | gu gujarati ગુજરાતી | ha hausa | he hebrew עברית | hi hindi हिन्दी हिंदी
hr croatian hrvatski | ht haitian | hu hungarian magyar | hy armenian հայերեն | id indonesian | ig igbo
is icelandic íslenska | it italian italiano | ja japanese 日本語 | jv javanese | ka georgian ქართული
kk kazakh қазақша | km khmer ខ្មែរ | kn kannada ಕನ್ನಡ | ko korean 한국어 | ku kurdish kurdî | ky kyrgyz
la latin | lb luxembourgish | lg ganda | ln lingala | lo lao ລາວ | lt lithuanian lietuvių
lv latvian latviešu | mg malagasy | mk macedonian македонски | ml malayalam മലയാളം | mn mongolian монгол
mr marathi मराठी
ms malay melayu | mt maltese malti | my burmese မြန်မာ | ne nepali नेपाली | nl dutch nederlands
nn nynorsk | no norwegian norsk bokmål nb | oc occitan | om oromo | or odia | pa punjabi ਪੰਜਾਬੀ
pl polish polski | ps pashto پښتو | pt portuguese português | qu quechua | ro romanian română
ru russian русский | rw kinyarwanda | sa sanskrit संस्कृतम् | se sami | si sinhala සිංහල
sk slovak slovenčina | sl slovenian slovene slovenščina | sn shona | so somali | sq albanian shqip
sr serbian српски srpski | st sotho | sv swedish svenska | sw swahili kiswahili | ta tamil தமிழ்
te telugu తెలుగు | tg tajik | th thai ไทย | tk turkmen | tl tagalog filipino | tr turkish türkçe | tt tatar
ug uyghur | uk ukrainian українська | ur urdu اردو | uz uzbek | vi vietnamese | vo volapük | wa walloon
xh xhosa | yo yoruba | zh chinese mandarin 中文 汉语 漢語 | zu zulu
"""
_CODES = {
    name: words[0]
    for words in (entry.split() for entry in _NAMES.replace("\n", " | ").split("|"))
    for name in words
}
CODES = frozenset(_CODES.values())
"""The codes that a document may have."""


def language_code(name: str) -> str:
    """The ISO 639-1 code of a language; "" if there is no such language.

    Args:
        name: a code, also with a region ("pt-BR", "zh_Hans"), or a name, in any case.
    """
    name = name.strip().lower()
    return _CODES.get(name) or _CODES.get(name.replace("_", "-").partition("-")[0], "")
