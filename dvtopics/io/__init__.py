"""Article streams: readers and writers."""
