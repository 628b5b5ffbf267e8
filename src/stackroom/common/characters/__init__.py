"""What is known of characters: scripts, languages, signs that end a sentence, numbers, characters
that are written in several ways, and what nobody sees.

Its face is all of it. Each list is here once; whoever needs another one composes it of these.
"""

__all__ = ["han", "invisible", "languages", "lookalikes", "numbers", "punctuation", "radicals", "scripts"]
