"""Texts to sparse rows: the vectorizer."""
