"""The Leadway API: endpoints, authentication, quota, retries and the client."""
