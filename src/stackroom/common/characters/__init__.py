"""What is known of characters: scripts, languages, signs that end a sentence, and what nobody sees.

Its face is all of it. Each list is here once; whoever needs another one composes it of these.
"""

__all__ = ["invisible", "languages", "lookalikes", "punctuation", "scripts"]
