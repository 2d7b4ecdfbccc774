"""Bytes to text, page to article, text to tokens."""
