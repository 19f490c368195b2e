"""The commands of `leadway` that look into a state store, or change one."""
