"""The roles of a store's people, and the groups of them that may do something."""

from tableorder.domain.identities import Role

EVERYBODY: tuple[Role, ...] = ("owner", "manager", "staff", "kitchen")
FLOOR: tuple[Role, ...] = ("owner", "manager", "staff")
MANAGEMENT: tuple[Role, ...] = ("owner", "manager")
OWNER: tuple[Role, ...] = ("owner",)

# Whose accounts somebody may keep, by their own role.
KEEPS: dict[Role, tuple[Role, ...]] = {"owner": ("manager", "staff", "kitchen"), "manager": ("staff", "kitchen")}
