"""Text as weighted n-grams, their summary, figures and first words."""
