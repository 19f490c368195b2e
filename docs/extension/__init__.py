"""The Sphinx extension of the site."""
