"""TODO."""

revision = "3"
down_revision = "2"


def upgrade() -> None:
    """Makes the tables."""
