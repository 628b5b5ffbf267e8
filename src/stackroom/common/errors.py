"""Every error Stackroom raises on purpose. Each says what happened, to which file or id, and what to do.

StackroomError
├── SettingsError           a setting has a value that makes no sense
├── CallRefused             a call asks for more than the server gives, or too often
├── UsageError              the command was called with something that is not there
│   └── SignInMissing       the server would be open to others, and nobody could sign in
├── ModelError
│   ├── ModelNotFound       the embedding model is not on this machine and cannot be downloaded
│   ├── ModelDamaged        its files are not what they should be
│   └── ModelMismatch       the index was built with another model
├── CatalogError
│   ├── CatalogMissing      nothing has been indexed into this data folder yet
│   ├── CatalogVersion      the data folder was written by another version of Stackroom
│   └── CatalogUnusable     the catalogue cannot be read or written: damaged, full disk, no rights
│       └── StoreAway       the database that holds it cannot be reached; it may be there again in a moment
├── BackupUnusable          a backup cannot be written, or is none that can be restored here
├── AccessUnusable          the file of clients and tokens cannot be read or written
├── LedgerUnusable          the ledger of calls cannot be read
├── ServiceFailed           the service of `up` can't be installed, started, asked or removed
├── SourceAway              a bucket or a server with files cannot be reached or read; maybe later
│   └── SourceChanged       a file there is not as it was when it was listed
├── ClusterUnusable         the cluster that is to read files can't be reached, or its workers are unfit
├── AlreadyRunning          another indexer is working on the same data folder
├── ExtractionFailed        one PDF could not be read; the run goes on
├── QuestionsUnusable       questions to evaluate with can't be read, or do not fit their documents
├── ExtraMissing            a part of Stackroom that is installed on request is not installed
├── PictureFailed           a page of a PDF could not be rendered
└── UnknownDocument         no document has this id
    └── UnknownPart         the document has no such pages
"""

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from stackroom.common.roots import Root


class StackroomError(Exception):
    """The root of the tree. `str(error)` is a whole message for a person."""


def reason_of(error: Exception) -> str:
    """What an error of the operating system or of SQLite says, without the names of files."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


class SettingsError(StackroomError):
    """A setting has a value that makes no sense."""


class UsageError(StackroomError):
    """The command was called with something that is not there."""


class SignInMissing(UsageError):
    """The server would be open to others, and nobody could sign in."""


class CallRefused(StackroomError):
    """A call of a tool asks for more than the server gives, or too often. The message is for the client."""


class ModelError(StackroomError):
    """Something about the embedding model."""


class ModelNotFound(ModelError):
    """The embedding model is not on this machine and cannot be downloaded."""


class ModelDamaged(ModelError):
    """The embedding model's files are not what they should be."""


class ModelMismatch(ModelError):
    """The index was built with another model."""


class CatalogError(StackroomError):
    """Something about the catalogue, the one truth in the data folder."""


class CatalogMissing(CatalogError):
    """Nothing has been indexed into this data folder yet."""


class CatalogVersion(CatalogError):
    """The data folder was written by another version of Stackroom."""


class CatalogUnusable(CatalogError):
    """The catalogue cannot be read or written."""


class StoreAway(CatalogUnusable):
    """The database that holds the catalogue cannot be reached; it may be there again in a moment."""


class BackupUnusable(StackroomError):
    """A backup cannot be written, or is none that can be restored here."""


class AccessUnusable(StackroomError):
    """The file of clients and tokens cannot be read or written. The message never holds one of them."""


class LedgerUnusable(StackroomError):
    """The ledger of calls cannot be read. That it cannot be written is logged, and stops nothing."""


class ServiceFailed(StackroomError):
    """The service of `up` can't be installed, started, asked or removed."""


class SourceAway(StackroomError):
    """A bucket or a server with files cannot be reached or read; it may be later."""


class SourceChanged(SourceAway):
    """A file of a source is not as it was when it was listed."""


class ClusterUnusable(StackroomError):
    """The cluster that is to read files can't be reached, or its workers are unfit for it."""


class AlreadyRunning(StackroomError):
    """Another indexer is working on the same data folder."""


FailureKind = Literal[
    "unreadable",  # the operating system would not let us read it; tried again on every run
    "changed",  # it was being written while we read it; tried again on every run
    "not a pdf",
    "damaged",
    "password",  # tried again when passwords are given
    "encrypted",
    "too large",
    "out of memory",
    "timed out",
    "crashed",
]

FAILURE_KINDS: frozenset[str] = frozenset(get_args(FailureKind))

TRANSIENT: frozenset[FailureKind] = frozenset({"unreadable", "changed"})
"""Failures that may pass without the file changing."""


class ExtractionFailed(StackroomError):
    """One PDF could not be read. `str(error)` is the reason alone, without the path."""

    def __init__(self, path: "Root", kind: FailureKind, reason: str) -> None:
        super().__init__(reason)
        self.path = path
        self.kind: FailureKind = kind


class QuestionsUnusable(StackroomError):
    """Questions to evaluate with can't be read, or do not fit their documents."""


class ExtraMissing(StackroomError):
    """A part of Stackroom that is installed on request is not installed."""


class UnknownDocument(StackroomError):
    """No document has this id, and none took its place."""


class UnknownPart(UnknownDocument):
    """The document has no such pages, or the id says them in a way that makes no sense."""


class PictureFailed(StackroomError):
    """A page of a PDF could not be rendered. `str(error)` is the reason alone, a sentence without names."""
