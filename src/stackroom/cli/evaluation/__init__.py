"""How much is found: sets of questions with known answers, and what is measured on them."""
