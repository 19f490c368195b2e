"""State in SQL that survives crashes."""
