"""Measures how well search finds known answers: reads a set of questions, asks them, and measures.

Its face: `sets`, where questions come from, `ask_questions`, and `report`.
"""

__all__ = ["ask_questions", "report", "sets"]
