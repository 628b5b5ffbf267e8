"""Reading, OCR and embedding spread over the workers of a Dask cluster.

The coordinator, which holds the data folder, hands out `jobs`; workers do them by `tasks`, and commit
what they made themselves. Only `dask_cluster` knows Dask.
"""

__all__ = ["dask_cluster", "jobs", "tasks"]
