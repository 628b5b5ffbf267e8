"""Compares the table in which a database finds the nearest passages with the vectors it is made from."""

from stackroom.catalog.catalog import Catalog

# The count of a pack is in its first two bytes: see `stackroom.catalog.vector_packs`.
_COUNTS = """
SELECT n.change, n.filled, n.passages,
    (SELECT count(*) FROM nearest WHERE model = n.model),
    (SELECT coalesce(sum(get_byte(pack.head, 0) + 256 * get_byte(pack.head, 1)), 0) FROM splits s
     CROSS JOIN LATERAL (SELECT substr(v.pack, 1, 2) AS head FROM vectors v
         WHERE v.first BETWEEN s.first AND s.last) AS pack WHERE s.model = n.model)
FROM nearest_models n WHERE n.model = ?
"""
_LAST = 2**63 - 1


def audit_nearest(catalog: Catalog) -> tuple[str, bool]:
    """Compares how many vectors there are; nobody may write meanwhile.

    Returns:
        What is wrong, a clause for a person, empty if nothing is; and whether the table is only behind, or
        not filled yet.

    Raises:
        CatalogUnusable: the database refuses, or is away.
    """
    model = catalog.model()
    if model is None:
        return "", False
    rows = catalog.rows(_COUNTS, (model.id,))
    if not rows:
        return "", catalog.last_change() > 0
    change, filled, noted, there, wanted = rows[0]
    if change != catalog.last_change() or filled != _LAST:
        return "", True
    return ("" if noted == there == wanted else f"it has {there} vectors instead of {wanted}"), False
