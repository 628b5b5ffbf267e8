"""Lines whose order or blanks depend on their script: read again from where the glyphs stand."""

__all__ = ["glyph_lines", "unspaced_lines"]
