"""Measures how well search finds known answers: reads a set of questions, asks them, and measures.

Its face: `sets` and `headings`, where questions come from, `sample`, `ask_questions`, `report`, and
`trial_report`.
"""

__all__ = ["ask_questions", "headings", "report", "sample", "sets", "trial_report"]
