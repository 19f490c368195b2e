"""Contacts: from a row of the source to a contact of the CRM. Pure: no network, no database, no clock."""
