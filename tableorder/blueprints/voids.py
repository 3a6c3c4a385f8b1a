"""The orders that were voided, for an admin; blueprints/orders.py voids them."""

from flask import Blueprint, Response

from tableorder.domain.identities import AdminIdentity
from tableorder.http.authentication import requires_admin
from tableorder.http.context import read
from tableorder.http.requests import read_query
from tableorder.http.responses import document
from tableorder.repositories.voids import VoidRepository
from tableorder.schemas.base import PageQuery

blueprint = Blueprint("voids", __name__)


@blueprint.get("/admin/voids")
@requires_admin
def list_voids(admin: AdminIdentity) -> Response:
    query = read_query(PageQuery)
    return document(
        read(
            admin.store_id,
            lambda connection: VoidRepository(connection).list(store_id=admin.store_id, **query),
        )
    )
