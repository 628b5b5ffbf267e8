"""A store whose large tables are divided, as docs/scale.md says: each document's rows are in one piece."""

import psycopg

# Of each table: by what it is divided, and how. The ids of a document's passages follow each other.
TABLES = {
    "pages": "HASH (document)",
    "sections": "HASH (document)",
    "texts": "HASH (document)",
    "scans": "HASH (document)",
    "unread": "HASH (document)",
    "attachments": "HASH (container)",
    "passages": "RANGE (id)",
    "pending": "RANGE (passage)",
    "vectors": "RANGE (first)",
    "nearest": "HASH (document)",
    "postings": "HASH (part)",
    "word_documents": "RANGE (first)",
}
_KEYS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = %s::regclass AND contype = 'f'
"""


def divide(url: str, passages: int) -> None:
    """Divides the tables of an empty store; the first piece of a range has so many passages."""
    with psycopg.connect(url, options="-c search_path=stackroom,public") as db:
        view = db.execute("SELECT pg_get_viewdef('holders'::regclass)").fetchone()
        assert view
        db.execute("DROP VIEW holders")
        for table, how in TABLES.items():
            keys = db.execute(_KEYS, (table,)).fetchall()
            db.execute(f"ALTER TABLE {table} RENAME TO undivided".encode())
            db.execute(f"CREATE TABLE {table} (LIKE undivided INCLUDING ALL) PARTITION BY {how}".encode())
            for piece in range(2):
                bounds = [f"FROM (MINVALUE) TO ({passages})", f"FROM ({passages}) TO (MAXVALUE)"]
                hashes = [f"WITH (MODULUS 2, REMAINDER {one})" for one in range(2)]
                its = (bounds if how.startswith("RANGE") else hashes)[piece]
                db.execute(f"CREATE TABLE {table}_{piece} PARTITION OF {table} FOR VALUES {its}".encode())
            db.execute(b"DROP TABLE undivided")
            for name, key in keys:
                db.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {key}".encode())
        db.execute(f"CREATE VIEW holders AS {view[0]}".encode())
