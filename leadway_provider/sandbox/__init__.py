"""A local Leadway: the API, its quotas, its observed habits, and faults on request, over HTTP."""
