"""What can be read of a state store: syncs, runs, rows and deliveries, in pages, and nothing is changed."""
