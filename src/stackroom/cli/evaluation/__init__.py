"""Measures how well search finds known answers: reads a set of questions, asks them, and measures."""
