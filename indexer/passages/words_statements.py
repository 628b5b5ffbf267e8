"""What `postgres_words` asks of `word_documents` and `word_indexes`; see the migration `v2_words`."""

ADD_DOCUMENT = """
INSERT INTO word_documents (generation, first, last, language, names, pages, page_count,
    passage_terms, page_terms, document_terms, name_terms)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
COUNT = """
UPDATE word_indexes SET passages = passages + %s, pages = pages + %s, documents = documents + %s,
    passage_terms = passage_terms + %s, page_terms = page_terms + %s, document_terms = document_terms + %s,
    name_terms = name_terms + %s, languages = %s, fresh_runs = %s, version = version + 1
WHERE generation = %s
"""
REMOVE = """
WITH gone AS (
    UPDATE word_documents d SET removed = 1 FROM unnest(%s::bigint[], %s::bigint[]) AS r(first, last)
    WHERE d.generation = %s AND d.first BETWEEN r.first AND r.last AND d.removed = 0
    RETURNING d.last - d.first + 1 AS passages
)
UPDATE word_indexes SET removed_passages = removed_passages + (SELECT sum(passages) FROM gone),
    version = version + 1
WHERE generation = %s AND EXISTS (SELECT 1 FROM gone)
"""
FORGET = """
WITH gone AS (
    DELETE FROM word_documents WHERE generation = %s AND removed = 2
    RETURNING last - first + 1 AS passages, page_count, passage_terms, page_terms, document_terms, name_terms
), sums AS (
    SELECT count(*) AS documents, sum(passages) AS passages, sum(page_count) AS pages,
        sum(passage_terms) AS passage_terms, sum(page_terms) AS page_terms,
        sum(document_terms) AS document_terms, sum(name_terms) AS name_terms
    FROM gone
)
UPDATE word_indexes i SET passages = i.passages - s.passages, pages = i.pages - s.pages,
    documents = i.documents - s.documents, passage_terms = i.passage_terms - s.passage_terms,
    page_terms = i.page_terms - s.page_terms, document_terms = i.document_terms - s.document_terms,
    name_terms = i.name_terms - s.name_terms, removed_passages = i.removed_passages - s.passages,
    dropped_field = NULL, dropped_term = NULL, version = version + 1, languages = (
        SELECT coalesce(string_agg(DISTINCT language, ' '), '') FROM word_documents
        WHERE generation = %s AND removed < 2
    )
FROM sums s WHERE i.generation = %s AND s.documents > 0
"""
INDEXES = """
SELECT generation, is_searched, terms_version, catalog, followed, built_to, passages FROM word_indexes
ORDER BY is_searched, generation
"""
