"""The longer texts of the help: see `stackroom.cli.arguments`."""

DESCRIPTION = """\
Search a private folder of PDFs on this machine: for you, and for AI assistants over MCP.

  stackroom index ~/Papers       read the PDFs of a folder into the index
  stackroom serve                answer search and fetch to an MCP client
  stackroom up ~/Papers          do both at once, and follow the folder as it changes
  stackroom search "a question"  search in this terminal
  stackroom doctor               check a running server before you go live
  stackroom eval ~/Questions     measure how well questions with known answers are answered
  stackroom models               show embedding models: those that are here, and recommended ones
"""

COMMAND_GROUPS = {
    "search": ("search", "list", "fetch"),
    "read folders": ("index", "watch", "forget"),
    "answer assistants": ("serve", "up", "service", "passphrase", "token", "clients", "log", "doctor"),
    "look after the library": ("status", "check", "backup", "restore", "move"),
    "measure, and set up": ("eval", "models", "completion"),
}
"""Where the help shows each command."""

COMPLETION = """\
bash: put this into ~/.bashrc:             eval "$(stackroom completion bash)"
zsh:  put this into ~/.zshrc, after compinit:  eval "$(stackroom completion zsh)"
fish: stackroom completion fish > ~/.config/fish/completions/stackroom.fish
"""

OPERATORS = """\
operators, anywhere in the query (in a shell, put the whole query in single quotes):
  "exact phrase"       only passages with exactly these words, in this order
  -word  -"a phrase"   leave out passages with this word or phrase
  title:word  author:name  folder:name  id:document
                       only documents with this title, author, folder or id
  after:2023  before:2024-05
                       only documents made or changed in 2023 or later; before May 2024
  lang:de              only documents in this language
  skip:10              leave out the first ten documents of the answer
  *                    all documents
If the value of an operator cannot be understood, it is searched for as ordinary words. If a query begins with
a minus, write `--` before it.
"""

EVAL = """\
Measure how well questions with known answers are answered.

A set of documents is indexed, all its questions are asked, and the results are compared with the answers.
This is done three times: for matching words alone, for meaning alone, and for both together, as `search` does
it.

DIR holds one of

  corpus.jsonl, queries.jsonl and qrels.tsv    a collection in the format of BEIR. Measured: nDCG@10,
                                               Recall@100 and MRR@10 of documents
  PDFs, in DIR or DIR/pdfs, whose names are    the same. Queries and judgments may be elsewhere:
  the ids of a collection's documents          --queries FILE --qrels FILE
  PDFs and questions.jsonl or questions.csv    questions about one PDF each. Measured: how often that PDF,
                                               and the right page, is among the first 1, 5 and 10 results

For questions of your own, make a CSV file whose first line is `question,pdf,page`; the page is counted from 1
and may be left empty. Then: stackroom eval ~/Papers --questions mine.csv --keep ~/papers-eval

Your own index is not touched: the set gets its own index in a temporary folder, with the model of --model or
STACKROOM_MODEL. Only the compiled model is taken from the data folder.
"""

DOCTOR = """\
Checks how the server is reached, who gets in, both revisions of MCP, the tools, and their answers. If the
server has sign-in, the command asks you for the passphrase, signs in as ChatGPT, Claude and Claude Code do,
and in the end gives up the access it got. Exit code 0: no check failed; 1: at least one failed.
"""

EPILOG = """\
exit codes: 0 all is well; 1 something failed; 2 wrong arguments or settings; 130 interrupted. `index` exits
with 1 if a file or folder could not be read, unless it failed before already; `index --strict` also then
(`stackroom status` lists these files). `check` exits with 1 if something is damaged. `watch`, `serve` and
`up` exit with 0 on SIGTERM.
settings: the command line, environment variables (STACKROOM_MODEL and others), stackroom.toml in the data
folder, in this order; `stackroom status` says which apply, and docs/settings.md has them all
"""

MODELS = """\
Show the embedding models that are on this machine, and recommended ones; or try one.

Of those on this machine (the bundled one, those in the cache of the hub, prepared ones, and the folders of
--folder and STACKROOM_MODEL) it shows the CPU time that a passage takes; of models that can be recommended,
by language, published figures. The time is measured when a prepared model is shown for the first time, which
takes a few seconds, and remembered beside the models. Nothing is sent or downloaded. `stackroom models try
NAME FOLDER` measures a model on documents of your own.
"""

TRY = """\
Measure a model on documents of your own, beside the model of your library, in a few minutes.

A sample of the PDFs in FOLDER is read, as many as give about --passages passages. Questions are drawn from
it: the title of each document, and headings. Asked for a heading, search should find the page that it stands
on (or the next, if little is below it); asked for a title, the document. All lines of that wording are taken
out of the documents first, and passages are embedded without titles and headings above them: else each
question would find itself. Headings are not what people ask, so compare models by these figures; do not
expect them of questions. For questions of your own: `stackroom eval`.

Your index is not touched. A model that is not on this machine is downloaded; prepared models stay.
"""
