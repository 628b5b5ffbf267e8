"""Languages, in one table: what people call each, who stems its words, and what reads its scans.

The code of a language is its ISO 639-1 code throughout Stackroom.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """A language.

    Attributes:
        code: ISO 639-1.
        tesseract: what tesseract calls it (mostly ISO 639-2); "" if tesseract does not know it.
        with_english: whether its scans are read in English as well, because Latin words stand among letters
            of another script: names, addresses, code.
        stemmer: what makes stems of its words: "lemmas" for a dictionary, an algorithm of Snowball, or both
            with a "+" between them; "" if there is nothing. See `stackroom.indexes.stems`.
        names: its English name, its own name where people search in it, and other codes, in lower case; none
            if no document has this code, because the detector tells it as another language.
    """

    code: str
    tesseract: str
    with_english: bool
    stemmer: str
    names: tuple[str, ...]


# Code, tesseract's name (with "+eng" if it is read with English), stemmer, names; "-" stands for none. Those
# with names are the languages that `indexer.pdf.text.language` can tell, not all of ISO 639-1: in a query, a
# code that no document has is more likely meant as something else ("lang:ts" is TypeScript).
_TABLE = """
af afr         -                 afrikaans
am amh+eng     -                 amharic አማርኛ
an -           -                 aragonese aragonés
ar ara+eng     lemmas+arabic     arabic العربية عربي
as asm+eng     -                 assamese অসমীয়া
az aze         -                 azerbaijani azərbaycanca
ba -           -                 bashkir
be bel+eng     -                 belarusian беларуская
bg bul+eng     lemmas+russian    bulgarian български
bn ben+eng     -                 bengali bangla বাংলা
br bre         -                 breton brezhoneg
bs bos         lemmas+serbian    bosnian bosanski
ca cat         catalan           catalan català
cs ces         lemmas+czech      czech čeština
cy cym         -                 welsh cymraeg
da dan         lemmas+danish     danish dansk
de deu         lemmas+german     german deutsch
dz dzo+eng     -                 dzongkha
el ell+eng     greek             greek ελληνικά
en eng         english           english
eo epo         esperanto         esperanto
es spa         lemmas+spanish    spanish español castellano
et est         lemmas+estonian   estonian eesti
eu eus         basque            basque euskara
fa fas+eng     lemmas+persian    persian farsi فارسی
fi fin         lemmas+finnish    finnish suomi
fo fao         -                 faroese
fr fra         lemmas+french     french français
fy fry         -                 frisian frysk
ga gle         irish             irish gaeilge
gd gla         -                 gaelic
gl glg         lemmas+portuguese galician galego
gu guj+eng     -                 gujarati ગુજરાતી
ha -           -                 hausa
he heb+eng     lemmas            hebrew עברית
hi hin+eng     lemmas+hindi      hindi हिन्दी हिंदी
hr hrv         lemmas+serbian    croatian hrvatski
ht hat         -                 haitian
hu hun         lemmas+hungarian  hungarian magyar
hy hye+eng     lemmas+armenian   armenian հայերեն
id ind         indonesian        indonesian
ig -           -                 igbo
is isl         lemmas            icelandic íslenska
it ita         italian           italian italiano
ja jpn+eng     -                 japanese 日本語
jv jav         -                 javanese
ka kat+eng     lemmas            georgian ქართული
kk kaz+eng     -                 kazakh қазақша
km khm+eng     -                 khmer ខ្មែរ
kn kan+eng     -                 kannada ಕನ್ನಡ
ko kor+eng     -                 korean 한국어
ku kmr         -                 kurdish kurdî
ky kir+eng     -                 kyrgyz
la lat         -                 latin
lb ltz         -                 luxembourgish
lg -           -                 ganda
ln -           -                 lingala
lo lao+eng     -                 lao ລາວ
lt lit         lemmas+lithuanian lithuanian lietuvių
lv lav         lemmas            latvian latviešu
mg -           -                 malagasy
mk mkd+eng     lemmas+russian    macedonian македонски
ml mal+eng     -                 malayalam മലയാളം
mn mon+eng     -                 mongolian монгол
mr mar+eng     -                 marathi मराठी
ms msa         indonesian        malay melayu
mt mlt         -                 maltese malti
my mya+eng     -                 burmese မြန်မာ
nb -           lemmas+norwegian
ne nep+eng     nepali            nepali नेपाली
nl nld         lemmas+dutch      dutch nederlands
nn -           lemmas+norwegian  nynorsk
no nor         lemmas+norwegian  norwegian norsk bokmål nb
oc oci         -                 occitan
om -           -                 oromo
or ori+eng     -                 odia
pa pan+eng     -                 punjabi ਪੰਜਾਬੀ
pl pol         lemmas+polish     polish polski
ps pus+eng     -                 pashto پښتو
pt por         lemmas+portuguese portuguese português
qu que         -                 quechua
ro ron         lemmas+romanian   romanian română
ru rus+eng     lemmas+russian    russian русский
rw -           -                 kinyarwanda
sa san+eng     -                 sanskrit संस्कृतम्
se -           -                 sami
si sin+eng     -                 sinhala සිංහල
sk slk         lemmas+czech      slovak slovenčina
sl slv         lemmas+serbian    slovenian slovene slovenščina
sn -           -                 shona
so -           -                 somali
sq sqi         lemmas            albanian shqip
sr srp+eng     serbian           serbian српски srpski
st -           sesotho           sotho
sv swe         lemmas+swedish    swedish svenska
sw swa         -                 swahili kiswahili
ta tam+eng     tamil             tamil தமிழ்
te tel+eng     -                 telugu తెలుగు
tg tgk+eng     -                 tajik
th tha+eng     -                 thai ไทย
tk -           -                 turkmen
tl tgl         -                 tagalog filipino
tr tur         lemmas+turkish    turkish türkçe
tt tat         -                 tatar
ug uig+eng     -                 uyghur
uk ukr+eng     lemmas+russian    ukrainian українська
ur urd+eng     -                 urdu اردو
uz uzb         -                 uzbek
vi vie         -                 vietnamese
vo -           -                 volapük
wa -           -                 walloon
xh -           -                 xhosa
yi -           yiddish
yo yor         -                 yoruba
zh chi_sim+eng -                 chinese mandarin 中文 汉语 漢語
zu -           -                 zulu
"""


def _read(line: str) -> Language:
    code, tesseract, stemmer, *names = line.split()
    name, _, english = tesseract.replace("-", "").partition("+")
    return Language(code, name, bool(english), stemmer.replace("-", ""), tuple(names))


LANGUAGES = {language.code: language for language in map(_read, _TABLE.strip().split("\n"))}
"""All languages by their codes, in the order of the codes."""


def shown_language(code: str) -> str:
    """A language's English name, for people: "German"; its code if it has none here, "" for "".

    `code` is of ISO 639-1.
    """
    language = LANGUAGES.get(code)
    return language.names[0].capitalize() if language and language.names else code
