"""A local Leadway: the API, its quotas, its habits and its faults, over HTTP on loopback."""
