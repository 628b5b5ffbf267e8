"""Recognises a question about the library itself, such as "which documents are there". Pure.

Such a question has nothing that a text could answer: each of its words asks, is empty, or names what a
library holds. In doubt it is a search: "documents" alone, and "what is a document", are questions like any
other. So the indefinite article is no empty word here.
"""

from stackroom.reading.query.folded_text import words

EVERYTHING = "*"
"""A query that asks for all documents."""

# For each language: words for what a library holds, words that ask for it, empty words. As people write them;
# they are compared without accents.
_LANGUAGES = {
    "en": (
        "document documents file files pdf pdfs library collection archive",
        "what which list show all every everything contents overview available many",
        "how are is there in the my your this these of do does you i we have has me us can please here",
    ),
    "de": (
        "dokument dokumente dokumenten datei dateien pdf pdfs bibliothek sammlung archiv",
        "was welche welches welcher liste zeige zeig alle alles inhalt überblick übersicht viele",
        "wie gibt es sind ist in der die das den dem im hier meine meiner deine deiner diese dieser du "
        "ich wir hast habe haben mir uns bitte auf von",
    ),
    "fr": (
        "document documents fichier fichiers pdf pdfs bibliothèque collection archive archives",
        "quels quelles quel quelle que quoi liste lister montre montrez tous toutes tout contenu combien",
        "y a t il ils sont est ce qu dans la le les l de des du ma mes ta tes cette ces moi nous avez "
        "as ai avons s plaît te vous ici disponibles",
    ),
    "es": (
        "documento documentos archivo archivos fichero ficheros pdf pdfs biblioteca colección",
        "qué cuáles cuántos lista listar muestra muéstrame todos todas todo contenido",
        "hay son es están está en la el los las de del mi mis tu tus esta este estos me tienes "
        "tengo tenemos aquí",
    ),
    "it": (
        "documento documenti file pdf biblioteca raccolta archivio",
        "quali quale che cosa quanti elenca elenco mostra mostrami tutti tutte tutto contenuto",
        "ci sono è nella nel nell la il i gli le di della del mia miei tua questa questi mi hai ho "
        "abbiamo qui",
    ),
    "pt": (
        "documento documentos ficheiro ficheiros arquivo arquivos pdf pdfs biblioteca coleção",
        "que quais quantos lista listar mostra mostre todos todas tudo conteúdo",
        "há existem são é estão está na no nas nos a o as os de da do minha meus tua esta estes me tem "
        "tens temos aqui",
    ),
    "nl": (
        "document documenten bestand bestanden pdf pdfs bibliotheek verzameling archief",
        "wat welke lijst toon alle alles inhoud overzicht hoeveel",
        "zijn er is in de het mijn jouw deze dit van heb je ik we hebben heeft mij ons hier",
    ),
    "pl": (
        "dokument dokumenty dokumentów plik pliki plików pdf biblioteka bibliotece biblioteki kolekcja",
        "jakie które co lista pokaż wszystkie wszystko zawartość ile",
        "są jest w na tej ta te moje mojej mam masz mamy mi tu tutaj",
    ),
    "ru": (
        "документ документы документов файл файлы файлов pdf библиотека библиотеке библиотеки",
        "какие какой что список покажи все всё содержание сколько",
        "есть в здесь тут это эта этой у меня нас тебя мои моей мне",
    ),
}
_SETS = [tuple(frozenset(words(text).split()) for text in texts) for texts in _LANGUAGES.values()]

# Nobody asks for a list at such length.
_LONGEST = 100


def asks_for_everything(text: str) -> bool:
    """Whether a query asks for the documents of the library, whatever they are about.

    Args:
        text: a query without operators.
    """
    text = text.strip()
    if text == EVERYTHING:
        return True
    asked = set(words(text).split()) if len(text) <= _LONGEST else set()
    return any(
        asked & held and asked & asking and asked <= held | asking | empty for held, asking, empty in _SETS
    )
