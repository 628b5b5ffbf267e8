"""How much is found: sets of questions with known answers, and what is measured on them.

Its face: `sets`, where questions come from, `ask_questions`, and `report`.
"""

__all__ = ["ask_questions", "report", "sets"]
