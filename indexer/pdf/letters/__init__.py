"""Repairs inside a line's words: raised marks, accents drawn apart, fonts' old codes, letters spaced out."""

__all__ = ["accents", "char_boxes", "old_codes", "page_text", "raised_marks", "spaced_letters"]
