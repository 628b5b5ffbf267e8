"""The reading room: the pages where a person searches, reads and looks after the library.

/                  the search, with results as one types
/library           all documents, sorted and filtered
/d/{id}            a document: also what the link of a citation opens
/status, /access, /log
/sign-out

`routes` puts them together; each page has a module of its own, which makes values for a template. `room.Room`
is what they have in common: only the owner sees them, and what changes something is a form that only the
owner's browser can send. The pages work without scripts; those of `assets` only make them quicker to use.
"""

__all__ = ["pictures", "room", "routes", "status_page"]
