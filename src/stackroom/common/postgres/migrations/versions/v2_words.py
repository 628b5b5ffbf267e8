"""TODO."""

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """Makes the tables."""
