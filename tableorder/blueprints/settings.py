"""The settings of a store, for an admin."""

from typing import Any

from tableorder.domain.identities import AdminIdentity
from tableorder.domain.roles import EVERYBODY, OWNER
from tableorder.repositories.settings import SettingsRepository
from tableorder.schemas.settings import Settings, SettingsChangeSchema
from tableorder.web.authentication import requires_role
from tableorder.web.context import connect, writing
from tableorder.web.nouns import Noun
from tableorder.web.requests import takes_body
from tableorder.web.responses import answers

blueprint = Noun("settings", __name__, heading="Settings")


@blueprint.get("/admin/settings")
@requires_role(*EVERYBODY)
@answers(Settings, "The settings")
def show_settings(admin: AdminIdentity) -> str:
    """Show what the store has set."""
    with connect(admin.store_id) as connection:
        return SettingsRepository(connection).get(store_id=admin.store_id)


@blueprint.patch("/admin/settings")
@requires_role(*OWNER)
@takes_body(SettingsChangeSchema)
@answers(Settings, "The settings")
def update_settings(admin: AdminIdentity, body: dict[str, Any]) -> str:
    """Change what the store has set.

    null clears the notice of origins.
    """
    with writing(admin.store_id) as connection:
        return SettingsRepository(connection).update(store_id=admin.store_id, changes=body)
