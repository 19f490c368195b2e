"""Contacts: what a row means for the CRM. Pure: no network, no database, no clock."""
