"""The sub-commands of `leadway`: those that read or change a state store, and the local sandbox."""
