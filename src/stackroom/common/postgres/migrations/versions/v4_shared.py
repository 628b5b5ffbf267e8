"""TODO."""

revision = "4"
down_revision = "3"


def upgrade() -> None:
    """Makes the tables."""
