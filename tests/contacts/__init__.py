"""The room of contacts, tested without network, database or clock."""
