"""Recognises what programs call a document that nobody has named, in the languages they speak.

Pure functions. The words are from the translations of Microsoft Office, LibreOffice, Google Docs and Apple's
Pages, Numbers and Keynote.
"""

import re
import unicodedata

# "Untitled", with and without a noun: "Untitled document", "Document sans titre", "無題のドキュメント".
_UNTITLED = """
untitled|untitle|no title|notitle|without title|unnamed
unbenannt|unbenanntes|unbenannte|ohne titel|ohne namen
sans titre|sans nom
sin título|sin titulo|sin nombre
senza titolo|senza nome
sem título|sem titulo|sem nome
naamloos|naamloze|zonder titel|zonder naam
bez nazwy|bez tytułu
без имени|без названия|без заголовка|безымянный|без назви|без імені
без заглавие|без име|неозаглавен
bez názvu|bezejmenný|nepojmenovaný|bez naslova|bez imena|neimenovano|brez naslova|brez imena
namnlös|namnlöst|utan titel|utan namn
uden titel|uden navn|unavngivet|ikke-navngivet|uten tittel|uten navn|navnløs|navnløst
nimetön|nimeämätön|pealkirjata|nimetu|bez nosaukuma|be pavadinimo|be vardo
névtelen|cím nélküli
fără titlu|fără nume
adsız|isimsiz|başlıksız
χωρίς τίτλο|χωρίς όνομα|ανώνυμο
sense títol|sense nom|izengabea|izenbururik gabe
không tiêu đề|không có tiêu đề|chưa đặt tên
tanpa judul|tanpa nama
بدون عنوان|بلا عنوان|بدون اسم|بی‌نام|بی نام
ללא שם|ללא כותרת
शीर्षकहीन|बिना शीर्षक|अनामांकित|ไม่มีชื่อ|ไม่มีหัวข้อ
無題|名称未設定|タイトルなし|无标题|無標題|未命名|未命名的
제목 없음|제목없음|제목 없는|제목없는|이름 없음|이름없음
"""

# "New" says so only of something: "Новый документ", "Nouvelle feuille de calcul".
_NEW = """
new|neues|neue|nouveau|nouvelle|nuevo|nueva|nuovo|nuova
novo|nova|nieuw|nowy|nowa|новый|новая|новий|нова|нов
nový|nová|nytt|ny|nyt|uusi|új|nou|yeni|νέο|新規|新建|新增|새
"""

# What they call their files; a number follows: "Dokument1", "Mappe2", "Книга1", "演示文稿1".
_NOUNS = """
document|dokument|dokumente|documento|documenti
dokumentti|asiakirja|dokumentum|dokumen|doküman|belge
документ|έγγραφο|مستند|سند|מסמך|เอกสาร|tài liệu|दस्तावेज़|文書|ドキュメント|文档|文檔|文件|문서
presentation|präsentation|présentation|presentación
presentazione|apresentação|presentatie|prezentacja
презентация|презентація|prezentace|prezentácia|prezentare
prezentacija|predstavitev|powerpointova|præsentation
presentasjon|esitys|bemutató|sunu|sunusu|παρουσίαση
عرض تقديمي|מצגת|งานนำเสนอ|bản trình bày|presentasi|presentació
プレゼンテーション|演示文稿|演示|簡報|简报|프레젠테이션
"""

# Of these a name of one word may be somebody's: only with a number it is not.
_SHEETS = """
spreadsheet|tabelle|tabellendokument|feuille de calcul
classeur|hoja de cálculo|libro|foglio di calcolo|cartel
planilha|pasta|livro|rekenblad|werkmap|map|zeszyt|skoroszyt
arkusz kalkulacyjny|таблица|таблиця|книга|sešit|zošit
tabulka|kalkylark|arbetsbok|bok|regneark|projektmappe|mappe
laskentataulukko|työkirja|munkafüzet|kitap|e-tablo
βιβλίο|υπολογιστικό φύλλο|مصنف|جدول بيانات|חוברת|גיליון|スプレッドシート|表計算
工作簿|活頁簿|电子表格|表格|통합 문서|통합문서
스프레드시트|book|workbook
sheet|feuil|feuille|hoja|foglio|folha|blad|arkusz|лист
аркуш|list|ark|taul|munka|sayfa|φύλλο|工作表|시트|シート
drawing|zeichnung|dessin|dibujo|disegno|desenho|tekening
rysunek|рисунок|form|formular|formulaire|formulario
"""

_PROGRAMS = """
powerpoint|microsoft|word|excel|office|libreoffice
openoffice|writer|impress|calc|google|docs|slides|sheets|pages
keynote|numbers|wps
"""

# What may stand between them: "Prezentacja programu PowerPoint", "Presentazione standard di PowerPoint".
_BETWEEN = """
de|do|del|du|di|of|för|from|na|w|i|v|programu|aplikace
aplikácie|программы|програми|standard|in|în|στο|του
の|に|的|中的|في|של|ב
"""


def _any_of(*lists: str) -> str:
    words = sorted({word for words in lists for word in re.split(r"[|\n]", words) if word}, key=len)
    return "|".join(re.escape(unicodedata.normalize("NFKC", word).casefold()) for word in reversed(words))


_WORD = re.compile(
    rf"(?P<untitled>{_any_of(_UNTITLED)})|(?P<new>{_any_of(_NEW)})|(?P<noun>{_any_of(_NOUNS)})"
    rf"|(?P<sheet>{_any_of(_SHEETS)})|(?P<program>{_any_of(_PROGRAMS)})"
    rf"|(?P<between>{_any_of(_BETWEEN)})|(?P<number>\(?\d{{1,3}}\)?)|(?P<gap>[\s_\-–.:,]+)"
)
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
_LONGEST = 80


def is_default(title: str) -> bool:
    """Whether a title is one that programs give by themselves: "Sin título 1", "Презентация PowerPoint".

    Such a title has nothing but words for "untitled", what the program makes, its name, and a number.
    """
    text = unicodedata.normalize("NFKC", title).casefold().replace("i\u0307", "i").strip()
    if not 0 < len(text) <= _LONGEST:
        return False
    kinds = []
    at = 0
    while at < len(text):
        found = _WORD.match(text, at)
        if not found:
            return False
        at = found.end()
        kind = str(found.lastgroup)
        cuts_a_word = text[at - 1].isalpha() and text[at : at + 1].isalpha()
        if kind != "gap" and cuts_a_word and not _UNSPACED.match(text[at - 1]):
            return False
        if kind != "gap":
            kinds.append(kind)
    said = set(kinds)
    has_noun = not said.isdisjoint(("noun", "sheet"))
    if "untitled" in said:
        return has_noun or "program" not in said
    if "new" in said or "program" in said:
        return has_noun
    return kinds in (["noun"], ["noun", "number"], ["sheet", "number"])
