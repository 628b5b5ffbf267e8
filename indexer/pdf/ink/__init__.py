"""What a page draws: its objects, what of its text can be seen, and what of its ink no text covers."""

__all__ = [
    "bars",
    "hidden_text",
    "layers",
    "page_objects",
    "scanned_pages",
    "unmapped_text",
    "unread_ink",
    "visible_box",
]
