"""Warehouse-to-CRM sync for Apache Airflow: upserts contacts from any SQL source into Leadway CRM."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"

_INTEGRATION = "Leadway"


def get_provider_info() -> dict[str, Any]:
    """Return what Airflow needs to know about this package, in the form of its provider-info schema."""
    return {
        "package-name": "leadway-provider",
        "name": _INTEGRATION,
        "description": "Upserts contacts from any SQL source into Leadway CRM.",
        "versions": [__version__],
        "integrations": [
            {
                "integration-name": _INTEGRATION,
                "external-doc-url": "https://developers.leadwaycrm.com",
                "how-to-guide": [
                    "/docs/quick-start.md",
                    "/docs/mapping.md",
                    "/docs/connection.md",
                    "/docs/configuration.md",
                    "/docs/operating.md",
                ],
                "logo": "/docs/integration-logos/leadway.svg",
                "tags": ["service"],
            }
        ],
        "operators": [
            {
                "integration-name": _INTEGRATION,
                "python-modules": [
                    "leadway_provider.operators.leadway",
                    "leadway_provider.operators.locations",
                    "leadway_provider.operators.verify",
                ],
            }
        ],
        "hooks": [{"integration-name": _INTEGRATION, "python-modules": ["leadway_provider.hooks.leadway"]}],
        "triggers": [{"integration-name": _INTEGRATION, "python-modules": ["leadway_provider.triggers.wait"]}],
        "extra-links": ["leadway_provider.links.leadway.RunLink", "leadway_provider.links.leadway.ContactsLink"],
        "notifications": ["leadway_provider.notifications.leadway.LeadwayNotifier"],
        "task-decorators": [
            {"name": "leadway_upsert", "class-name": "leadway_provider.decorators.leadway.leadway_upsert_task"}
        ],
        # Airflow reads it since 3.2.
        "plugins": [{"name": "leadway", "plugin-class": "leadway_provider.plugin.airflow.LeadwayPlugin"}],
        "cli": ["leadway_provider.airflow_cli.airflow_commands"],
        "config": {"leadway": configuration_section()},
        "connection-types": [connection_type()],
        "asset-uris": [
            {
                "schemes": ["leadway"],
                "handler": "leadway_provider.lineage.assets.sanitize_uri",
                "factory": "leadway_provider.lineage.assets.create_asset",
                "to_openlineage_converter": "leadway_provider.lineage.assets.convert_asset_to_openlineage",
            }
        ],
    }


def configuration_section() -> dict[str, Any]:
    """Return what the section `[leadway]` of Airflow's configuration may hold. An argument of a task goes before it."""
    return {
        "description": "Defaults of every sync to Leadway CRM.",
        "options": {
            "state_conn_id": {
                "description": "Id of the connection to the SQL database that keeps the state of all syncs, and the "
                "tokens of OAuth connections. Without it, a SQLite file in the Airflow home keeps them, which suits "
                "one machine only.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "leadway_state",
                "default": None,
            },
            "app_url": {
                "description": "Address of the CRM's app, to which the page and the task's extra links link contacts. "
                "Without it there are no such links.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "https://app.example.com",
                "default": None,
            },
            "ledger_days": {
                "description": "How many days the ledger keeps what was delivered.",
                "version_added": "0.1.0",
                "type": "integer",
                "example": None,
                "default": "90",
            },
            "max_in_flight": {
                "description": "The most calls of a task that wait for an answer at a time.",
                "version_added": "0.1.0",
                "type": "integer",
                "example": None,
                "default": "16",
            },
        },
    }


def connection_type() -> dict[str, Any]:
    """Return the connection form: Airflow reads it from here since 3.2, and through the hook in 3.1."""
    return {
        "connection-type": "leadway",
        "hook-class-name": "leadway_provider.hooks.leadway.LeadwayHook",
        "hook-name": "Leadway CRM",
        "ui-field-behaviour": {
            # The port is not hidden: Airflow 3.3 refuses to test a stored connection whose form has no port.
            "hidden-fields": ["schema"],
            "relabeling": {"login": "Client id (OAuth)", "password": "Private integration token, or client secret"},
            "placeholders": {
                "host": "https://services.leadconnectorhq.com",
                "port": "443",
                "login": "empty for a private integration token",
            },
        },
        "conn-fields": {
            "location_id": {
                "label": "Location id",
                "description": "The account that contacts are written to. A task may name another one.",
                "schema": {"type": ["string", "null"]},
            },
            "auth": {
                "label": "Authentication",
                "description": "token: a private integration token. oauth: an app that one account is connected to. "
                "agency: an app that an agency is connected to, for all its accounts.",
                "schema": {"type": ["string", "null"], "default": "token", "enum": ["token", "oauth", "agency"]},
            },
            "refresh_token": {
                "label": "Refresh token",
                "description": "oauth and agency: the token from connecting the app. Its successors are kept, "
                "encrypted, in the state store; enter a new one here only after the app was connected again.",
                "schema": {"type": ["string", "null"], "format": "password"},
            },
            "company_id": {
                "label": "Agency id",
                "description": "agency: the company id of the agency.",
                "schema": {"type": ["string", "null"]},
            },
            "state_conn_id": {
                "label": "Token store",
                "description": "oauth and agency: id of a connection to the SQL database that keeps the tokens for all "
                "workers. Without it, a SQLite file in the Airflow home keeps them, which suits one machine only.",
                "schema": {"type": ["string", "null"]},
            },
            "api_version": {
                "label": "API version",
                "description": "The value of the Version header.",
                "schema": {"type": ["string", "null"], "default": "2021-07-28"},
            },
            "quota_requests": {
                "label": "Quota: requests",
                "description": "Calls that the account grants in one window, until the API's headers say otherwise.",
                "schema": {"type": ["integer", "null"], "default": 100, "minimum": 1, "maximum": 100000},
            },
            "quota_seconds": {
                "label": "Quota: seconds",
                "description": "Length of that window in seconds.",
                "schema": {"type": ["integer", "null"], "default": 10, "minimum": 1, "maximum": 3600},
            },
            "timeout": {
                "label": "Timeout",
                "description": "Seconds to wait for an answer.",
                "schema": {"type": ["integer", "null"], "default": 30, "minimum": 1, "maximum": 600},
            },
            "verify": {
                "label": "Verify TLS",
                "description": "true, false (for a test only), or the path of the certificates to check against.",
                "schema": {"type": ["string", "null"], "default": "true"},
            },
            "proxy": {
                "label": "Proxy",
                "description": "URL of an HTTP proxy, with user and password if it needs them.",
                "schema": {"type": ["string", "null"], "format": "password"},
            },
        },
    }
