"""Alerts: what people are told of a sync, and when."""
