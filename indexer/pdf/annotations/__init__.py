"""What annotations show - forms, notes, stamps -, read and put on their page as marks."""

__all__ = ["places", "pypdf_annotations", "read_annotations"]
