"""What a run tells: how far it is, and what it did."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Progress:
    """How far a run is. Counts only what this run has to do.

    Attributes:
        stage: what is being done, in a word.
        files, files_done: PDFs to look into, and how many of them are done.
        pages: read so far.
        passages, embedded: passages to embed, as far as is known, and how many of them are embedded.
        scans, scans_done: pages that wait for OCR, and how many of them are done; 0 before OCR begins.
        share: of the work that is done, from 0 to 1: an estimate, as the next.
        seconds_left: how long the rest takes; None if that can't be told yet.
    """

    stage: str = "comparing"
    files: int = 0
    files_done: int = 0
    pages: int = 0
    passages: int = 0
    embedded: int = 0
    scans: int = 0
    scans_done: int = 0
    share: float = 0.0
    seconds_left: float | None = None


@dataclass(slots=True)
class Summary:
    """What a run did.

    Attributes:
        added, changed, moved, removed, unchanged: files. A copy of a known document is added, a renamed
            file moved; one that was only touched is unchanged.
        failed: files that could not be read: in this run, or in an earlier one and unchanged since.
        embedded_passages: passages embedded in this run.
        pages: of the documents read in this run.
        seconds: of wall-clock time.
        failures: absolute path → reason, of the files that failed in this run. A file that was tried again
            without being asked for, and failed for the same reason as before, is not among them.
        newly_failed: how many files are in `failures`, plus the folders that could not be looked at for a
            reason that the last run did not have. A library that is not there as a whole counts each time.
        without_text: absolute paths of files read in this run that have no text on any page, nor scans.
        recognised, unrecognised: pages that OCR read in this run, and could not read.
        waiting_scans: pages that wait for OCR now.
        ocr_obstacle: why these pages wait; empty if the next run reads them.
        unreadable: folders and names that could not be looked at, with the reasons, by absolute path.
        left_out: how many links that lead out of the folders, folders of the system, and files and folders
            that the owner's patterns exclude.
        other_formats: ending → how many files in the folders have it, and are no PDFs: see `Walk`.
        waiting_files, waiting_passages: files (and attachments) to be read and passages to be embedded that
            were put off.
        attachments: PDFs that are attached to others and were read in this run. Those that could not be read
            are in `failed` and `failures`.
        unfinished_model: name of the model that the library is half embedded with anew; empty if there is
            none.
        freed_bytes: by which the catalogue's file was made smaller.
        shrink_obstacle: why it was not, though much of it is room; else empty.
    """

    added: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    failed: int = 0
    embedded_passages: int = 0
    pages: int = 0
    seconds: float = 0.0
    failures: dict[str, str] = field(default_factory=dict)
    newly_failed: int = 0
    without_text: list[str] = field(default_factory=list)
    recognised: int = 0
    unrecognised: int = 0
    waiting_scans: int = 0
    ocr_obstacle: str = ""
    unreadable: dict[str, str] = field(default_factory=dict)
    left_out: int = 0
    other_formats: dict[str, int] = field(default_factory=dict)
    waiting_files: int = 0
    waiting_passages: int = 0
    attachments: int = 0
    unfinished_model: str = ""
    freed_bytes: int = 0
    shrink_obstacle: str = ""
