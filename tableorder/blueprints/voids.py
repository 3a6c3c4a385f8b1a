"""The orders that were voided, for an admin; blueprints/orders.py voids them."""

from flask import Blueprint, Response

from tableorder.domain.identities import AdminIdentity
from tableorder.domain.pages import Page
from tableorder.http.authentication import requires_admin
from tableorder.http.context import read
from tableorder.http.requests import read_query
from tableorder.http.responses import document
from tableorder.repositories.voids import VoidRepository
from tableorder.schemas.history import OffsetBooksQuery

blueprint = Blueprint("voids", __name__)


@blueprint.get("/admin/voids")
@requires_admin
def list_voids(admin: AdminIdentity) -> Response:
    page = Page.from_query(read_query(OffsetBooksQuery))
    return document(
        read(
            admin.store_id,
            lambda connection: VoidRepository(connection).list(store_id=admin.store_id, page=page),
        )
    )
