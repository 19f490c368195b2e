"""The users of an account. A contact can be assigned to a user."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class SandboxUser:
    """A user of the account."""

    id: str
    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    email: str = field(repr=False)

    def as_json(self, location_ids: list[str]) -> dict[str, Any]:
        """Return the user as a list of users shows it."""
        return {
            "id": self.id,
            "name": f"{self.first_name} {self.last_name}",
            "firstName": self.first_name,
            "lastName": self.last_name,
            "email": self.email,
            "phone": "",
            "extension": "",
            "roles": {"type": "account", "role": "user", "locationIds": location_ids},
            "deleted": False,
        }


DEFAULT_USERS = (
    SandboxUser("sandboxUserAdaLovell", "Ada", "Lovell", "ada.lovell@example.com"),
    SandboxUser("sandboxUserBenOkafor", "Ben", "Okafor", "ben.okafor@example.com"),
    SandboxUser("sandboxUserCarlaDiaz", "Carla", "Diaz", "carla.diaz@example.com"),
)
