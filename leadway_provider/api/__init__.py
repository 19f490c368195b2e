"""The Leadway API: wire format, pacing, retries and the client."""
