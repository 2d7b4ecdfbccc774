"""Labels and probabilities to figures and tables."""
