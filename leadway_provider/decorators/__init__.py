"""Decorators for TaskFlow."""
