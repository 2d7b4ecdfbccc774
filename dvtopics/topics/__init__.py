"""Topic models: what a collection is about, which of it is about the themes, how it moved."""
