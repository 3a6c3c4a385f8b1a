"""Calls: guests call the staff, who take a call and close it."""

from typing import Any

from flask import Response

from tableorder.domain.errors import (
    CallItemLabelTaken,
    CallItemNotFound,
    CallNotFound,
    CallQuantityTooLarge,
    LimitReached,
    SessionEnded,
    TooManyCalls,
)
from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.domain.roles import FLOOR
from tableorder.repositories.calls import CallRepository
from tableorder.schemas.calls import (
    AdminCall,
    Call,
    CallItem,
    CallItemChangeSchema,
    CallItemDeleted,
    CallItems,
    CallItemSchema,
    CallItemsQuery,
    Calls,
    CallSchema,
    CallsQuery,
    CurrentCall,
    GuestCallItems,
)
from tableorder.web.authentication import requires_admin, requires_role, requires_table
from tableorder.web.context import config, connect, writing
from tableorder.web.nouns import Noun
from tableorder.web.operations import may_answer, may_refuse
from tableorder.web.requests import takes_body, takes_query
from tableorder.web.responses import answer, answers

blueprint = Noun("calls", __name__, heading="Calls")


@blueprint.get("/customer/call-items")
@requires_table
@takes_query(CallItemsQuery)
@answers(GuestCallItems, "What guests can ask for")
def list_offered_call_items(table: TableIdentity, query: dict[str, Any]) -> str:
    """List what guests can ask for.

    A store without items has one: 직원 호출, whose `call_item_id` is null.
    """
    with connect(table.store_id) as connection:
        return CallRepository(connection).list_offered(store_id=table.store_id, lang=query["lang"])


@blueprint.post("/customer/calls")
@requires_table
@takes_body(CallSchema, required=False)
@answers(Call, "A new call", 201)
@may_answer(200, "The open call, added to", Call)
@may_refuse(SessionEnded, TooManyCalls, CallItemNotFound, CallQuantityTooLarge, LimitReached)
def place_call(table: TableIdentity, body: dict[str, Any]) -> Response:
    """Call the staff.

    A table has one open call. Who calls again adds to it, and `asked_times` grows; no item goes past its
    `max_quantity`. Without `items`, or with a `call_item_id` of null, it is the plain call, which every store answers.
    """
    with writing(table.store_id) as connection:
        call, is_new = CallRepository(connection).place(table=table, limits=config().limits, **body)
    return answer(call, 201 if is_new else 200)


@blueprint.get("/customer/calls/current")
@requires_table
@answers(CurrentCall, "The open call, or null")
@may_refuse(SessionEnded)
def get_current_call(table: TableIdentity) -> str:
    """Get the table's open call."""
    with connect(table.store_id) as connection:
        return CallRepository(connection).get_current(table=table)


@blueprint.delete("/customer/calls/current")
@requires_table
@answers(CurrentCall, "No call is open")
@may_refuse(SessionEnded)
def take_back_call(table: TableIdentity) -> str:
    """Take the table's open call back.

    The same again is a 200.
    """
    with writing(table.store_id) as connection:
        return CallRepository(connection).take_back(table=table)


@blueprint.get("/admin/calls")
@requires_role(*FLOOR)
@takes_query(CallsQuery)
@answers(Calls, "A page of the calls")
def list_calls(admin: AdminIdentity, query: dict[str, Any]) -> str:
    """List the calls.

    Newest first. They go a day after the end of their session; the history keeps what was asked for.
    """
    with connect(admin.store_id) as connection:
        return CallRepository(connection).list(store_id=admin.store_id, **query)


@blueprint.post("/admin/calls/<big_id:call_id>/take")
@requires_role(*FLOOR)
@answers(AdminCall, "The call")
@may_refuse(CallNotFound)
def take_call(admin: AdminIdentity, call_id: int) -> str:
    """Take a call.

    The first person to take it keeps it; the same again is a 200.
    """
    with writing(admin.store_id) as connection:
        return CallRepository(connection).take(call_id=call_id, admin=admin)


@blueprint.post("/admin/calls/<big_id:call_id>/close")
@requires_role(*FLOOR)
@answers(AdminCall, "The call")
@may_refuse(CallNotFound)
def close_call(admin: AdminIdentity, call_id: int) -> str:
    """Close a call.

    The same again is a 200.
    """
    with writing(admin.store_id) as connection:
        return CallRepository(connection).close(call_id=call_id, admin=admin)


@blueprint.get("/admin/call-items")
@requires_admin
@answers(CallItems, "The items in their order")
def list_call_items(admin: AdminIdentity) -> str:
    """List what guests can ask for."""
    with connect(admin.store_id) as connection:
        return CallRepository(connection).list_items(store_id=admin.store_id)


@blueprint.post("/admin/call-items")
@requires_admin
@takes_body(CallItemSchema)
@answers(CallItem, "The item", 201)
@may_refuse(CallItemLabelTaken, LimitReached)
def add_call_item(admin: AdminIdentity, body: dict[str, Any]) -> str:
    """Add something that guests can ask for."""
    with writing(admin.store_id) as connection:
        return CallRepository(connection).add_item(store_id=admin.store_id, values=body, limits=config().limits)


@blueprint.patch("/admin/call-items/<id:call_item_id>")
@requires_admin
@takes_body(CallItemChangeSchema)
@answers(CallItem, "The item")
@may_refuse(CallItemNotFound, CallItemLabelTaken)
def update_call_item(admin: AdminIdentity, call_item_id: int, body: dict[str, Any]) -> str:
    """Change something that guests can ask for."""
    with writing(admin.store_id) as connection:
        return CallRepository(connection).update_item(call_item_id=call_item_id, changes=body)


@blueprint.delete("/admin/call-items/<id:call_item_id>")
@requires_admin
@answers(CallItemDeleted, "The item is deleted")
@may_refuse(CallItemNotFound)
def delete_call_item(admin: AdminIdentity, call_item_id: int) -> dict[str, Any]:
    """Delete something that guests can ask for.

    Calls keep what was asked for.
    """
    with writing(admin.store_id) as connection:
        CallRepository(connection).delete_item(call_item_id=call_item_id)
    return {"message": "the call item is deleted", "call_item_id": call_item_id}
