"""State in SQL that survives crashes, and the reading of sources."""
