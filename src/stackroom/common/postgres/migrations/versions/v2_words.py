"""The index of words: which passages, pages and documents have a term. `stackroom.indexes.postgres` reads it.

It is derived from the truth, and may be emptied at any time. Rows of one part may lie on one machine: each
part can be searched for itself.
"""

from alembic import op

revision = "2"
down_revision = "1"

_TABLES = """
CREATE TABLE word_indexes (               -- the one that is searched, and one that is being built beside it
    generation smallint PRIMARY KEY,
    is_searched boolean NOT NULL,
    terms_version integer NOT NULL,       -- how its terms were made
    catalog bigint NOT NULL,              -- the id of the catalogue that it follows
    followed bigint NOT NULL,             -- up to which change, once it is built
    built_to bigint,                      -- the next passage to take in; NULL once it is built
    version bigint NOT NULL DEFAULT 0,    -- how many transactions have changed what is found
    fresh_runs integer NOT NULL DEFAULT 0,  -- how many transactions have added rows that are not merged yet
    languages text NOT NULL DEFAULT '',   -- of its entries, with blanks between them
    passages bigint NOT NULL DEFAULT 0,   -- entries, and the terms that they have; with those of removed
    pages bigint NOT NULL DEFAULT 0,      -- documents until their postings are dropped
    documents bigint NOT NULL DEFAULT 0,
    passage_terms bigint NOT NULL DEFAULT 0,
    page_terms bigint NOT NULL DEFAULT 0,
    document_terms bigint NOT NULL DEFAULT 0,
    name_terms bigint NOT NULL DEFAULT 0,
    removed_passages bigint NOT NULL DEFAULT 0,
    dropped_field smallint,               -- up to which row postings of removed documents are dropped,
    dropped_term text COLLATE "C"         -- NULL while that is not being done
);

CREATE TABLE word_documents (             -- the documents that an index has
    generation smallint NOT NULL,
    first bigint NOT NULL,                -- its passages' ids
    last bigint NOT NULL,
    language text NOT NULL,               -- in which its terms were made
    names text NOT NULL,                  -- of its files, as its entry has them
    pages bytea NOT NULL,                 -- uint32: of each page its number and first passage
    page_count integer NOT NULL,          -- how many these are
    passage_terms bigint NOT NULL,        -- how many terms its entries have
    page_terms bigint NOT NULL,
    document_terms bigint NOT NULL,
    name_terms bigint NOT NULL,
    removed smallint NOT NULL DEFAULT 0,  -- 1: removed; 2: and its postings are being dropped
    PRIMARY KEY (generation, first)
);
CREATE INDEX removed_word_documents ON word_documents (generation) WHERE removed > 0;

CREATE TABLE postings (                   -- runs of entries that have a term; see `indexes.postgres.postings`
    part integer NOT NULL,                -- the entries' ids >> 20
    generation smallint NOT NULL,
    field smallint NOT NULL,              -- 0 text, 1 names of files, 2 parts of words
    passage_count smallint NOT NULL,      -- how many entries the lists have
    page_count smallint NOT NULL,
    document_count smallint NOT NULL,
    is_fresh boolean NOT NULL,            -- not merged yet with the rows of the same term
    term text COLLATE "C" NOT NULL,
    passages bytea,
    pages bytea,
    documents bytea
);
ALTER TABLE postings ALTER passages SET STORAGE EXTERNAL, ALTER pages SET STORAGE EXTERNAL,
    ALTER documents SET STORAGE EXTERNAL;
CREATE INDEX postings_of_term ON postings (generation, field, term);
CREATE INDEX fresh_postings ON postings (generation) WHERE is_fresh
"""


def upgrade() -> None:
    """Makes the tables."""
    for statement in _TABLES.split(";\n"):
        op.get_bind().exec_driver_sql(statement)
