"""The names of all files and folders in a data folder. `Settings` makes paths of them.

index/                  derived from the PDFs; can be deleted, and the next run builds it again
    catalog.sqlite3     the truth (with its -wal and -shm while it is in use)
    words/              the index of words, derived from the catalogue: see `stackroom.indexes.words`
    vector_lists        in which list each vector of a large library is: see `stackroom.indexes.vector_lists`
    copies/             PDFs of sources of which pages were shown: see `stackroom.reading.source_files`
    mounts.json, unreadable.json, left_out.json     hints: see `stackroom.catalog.folder_notes`
    indexer.lock        held by the one indexer at work; indexer.holder.json says who that is
    wanted.lock         held by who waits for indexer.lock: see `indexer.store.turns`
    watch.lock          held by the one watcher, also while it lets others have indexer.lock
    server.lock         held by the HTTP server; server.holder.json says where it listens
    backup.lock         held while a backup is made for `backup --to`
    making.lock         held for the moment in which catalog.sqlite3 is made
    left-over-*         journals that lay where the catalogue was made, perhaps of one that was moved away
    format-*.sqlite3    copies that an upgrade made of catalogues of an older format
    moved.sqlite3       a catalogue that is being moved here from a database, until it is complete
    damaged-*.sqlite3   catalogues that a repair has set aside
access/access.sqlite3   passphrase, clients and tokens
log/calls.jsonl         the ledger of calls, and calls.1.jsonl before it
stackroom.toml          settings, which only a person writes: see `stackroom.common.settings_sources`
models/                 prepared models, mostly those of the user's own data folder, which others share: see
                        `stackroom.embedding.preparing.conversion`
    speeds.json         how fast they are here: see `stackroom.cli.models.speed`
    languages-*.zst     the detector of languages, unpacked: see `indexer.pdf.text.language`
.restoring-*            where a backup is being unpacked
"""

INDEX = "index"
CATALOG = "catalog.sqlite3"
WORDS = "words"
VECTOR_LISTS = "vector_lists"
COPIES = "copies"

MOUNTS = "mounts.json"
UNREADABLE = "unreadable.json"
LEFT_OUT = "left_out.json"

INDEXER_LOCK = "indexer.lock"
WANTED_LOCK = "wanted.lock"
WATCH_LOCK = "watch.lock"
SERVER_LOCK = "server.lock"
HOLDER_SUFFIX = ".holder.json"
"""Of the note beside a lock, in place of ".lock"."""

BACKUP_LOCK = "backup.lock"
MAKING_LOCK = "making.lock"
LEFT_OVER_PREFIX = "left-over-"
OLD_FORMAT = "format-{version}.sqlite3"
MOVED = "moved.sqlite3"
DAMAGED = "damaged-{time}.sqlite3"

ACCESS = "access/access.sqlite3"
CALLS = "log/calls.jsonl"
MODELS = "models"
CONFIG = "stackroom.toml"
OURS = frozenset({INDEX, "access", "library", CONFIG})
"""One of these at least is in a data folder that was used, also after its index was deleted."""
RESTORING_PREFIX = ".restoring-"
