"""Where else to look at what a task did: the page's runs, and the CRM's app."""
