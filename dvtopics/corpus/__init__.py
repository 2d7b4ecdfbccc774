"""Labelled corpora: reading, filling in texts, fingerprints, statistics."""
