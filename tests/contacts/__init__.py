"""Tests of the contacts, without network, database or clock."""
