"""The common stack: FastAPI with SQLAlchemy 2 (async, over asyncpg) in its usual style.

Models and relationships, a session a request, selectinload, pydantic in and out. No row-level security: each query
names the store. Only what is measured, on the same tables.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated
from uuid import UUID

import bcrypt
import jwt
from fastapi import Depends, FastAPI, Header, HTTPException, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import FetchedValue, ForeignKey, select
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload

from tableorder.domain.orders import MAX_ITEMS, MAX_QUANTITY, STATUSES

SECRET = os.environ["JWT_SECRET_KEY"]

engine = create_async_engine(make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+asyncpg"))
Sessions = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class Store(Base):
    __tablename__ = "stores"
    store_id: Mapped[int] = mapped_column(primary_key=True)
    store_name: Mapped[str]


class MenuVersion(Base):
    __tablename__ = "menu_versions"
    store_id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[UUID]


class Category(Base):
    __tablename__ = "categories"
    category_id: Mapped[int] = mapped_column(primary_key=True)
    store_id: Mapped[int]
    category_name: Mapped[str]
    display_order: Mapped[int]
    menus: Mapped[list[Menu]] = relationship(
        order_by="(Menu.display_order, Menu.menu_id)",
        primaryjoin="and_(Menu.category_id == Category.category_id, Menu.deleted_at.is_(None))",
    )


class Menu(Base):
    __tablename__ = "menus"
    menu_id: Mapped[int] = mapped_column(primary_key=True)
    store_id: Mapped[int]
    category_id: Mapped[int] = mapped_column(ForeignKey("categories.category_id"))
    menu_name: Mapped[str]
    price: Mapped[int]
    description: Mapped[str | None]
    image_base64: Mapped[str | None]
    display_order: Mapped[int]
    is_available: Mapped[bool]
    deleted_at: Mapped[datetime | None]


class Table(Base):
    __tablename__ = "tables"
    table_id: Mapped[int] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey("stores.store_id"))
    table_number: Mapped[int]
    table_password_hash: Mapped[str]
    current_session_id: Mapped[UUID | None]
    store: Mapped[Store] = relationship()
    orders: Mapped[list[Order]] = relationship(
        order_by="(Order.order_time.desc(), Order.order_id.desc())",
        primaryjoin="foreign(Order.session_id) == Table.current_session_id",
        viewonly=True,
    )


class TableSession(Base):
    __tablename__ = "table_sessions"
    session_id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    table_id: Mapped[int] = mapped_column(ForeignKey("tables.table_id"))
    store_id: Mapped[int]
    is_active: Mapped[bool]
    table: Mapped[Table] = relationship()


class Order(Base):
    __tablename__ = "orders"
    order_id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("table_sessions.session_id"))
    table_id: Mapped[int] = mapped_column(ForeignKey("tables.table_id"))
    store_id: Mapped[int]
    order_time: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    total_amount: Mapped[int]
    status: Mapped[str] = mapped_column(server_default=FetchedValue())
    items: Mapped[list[OrderItem]] = relationship(order_by="OrderItem.order_item_id")
    table: Mapped[Table] = relationship()

    __mapper_args__ = {"eager_defaults": True}

    @property
    def table_number(self) -> int:
        return self.table.table_number


class OrderItem(Base):
    __tablename__ = "order_items"
    order_item_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.order_id"))
    store_id: Mapped[int]
    menu_id: Mapped[int]
    menu_name: Mapped[str]
    quantity: Mapped[int]
    unit_price: Mapped[int]

    @property
    def subtotal(self) -> int:
        return self.unit_price * self.quantity


class Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class MenuAnswer(Answer):
    menu_id: int
    menu_name: str
    price: int
    description: str | None
    image_base64: str | None
    display_order: int
    is_available: bool


class CategoryAnswer(Answer):
    category_id: int
    category_name: str
    display_order: int
    menus: list[MenuAnswer]


class CatalogAnswer(Answer):
    store_id: int
    categories: list[CategoryAnswer]


class ItemAnswer(Answer):
    order_item_id: int
    menu_id: int
    menu_name: str
    quantity: int
    unit_price: int
    subtotal: int


class OrderAnswer(Answer):
    order_id: int
    table_id: int
    table_number: int
    session_id: UUID
    total_amount: int
    status: str
    order_time: datetime
    items: list[ItemAnswer]


class SessionAnswer(Answer):
    session_id: UUID
    table_number: int
    total_session_amount: int
    orders: list[OrderAnswer]
    next_cursor: str | None = None


class TableAnswer(Answer):
    table_id: int
    table_number: int
    session_id: UUID
    total_amount: int
    order_count: int
    orders: list[OrderAnswer]


class DashboardAnswer(Answer):
    store_id: int
    tables: list[TableAnswer]


class StatusAnswer(Answer):
    order_id: int
    status: str


class LoginAnswer(Answer):
    access_token: str
    token_type: str
    expires_in: int
    table_id: int
    table_number: int
    session_id: UUID
    store_id: int
    store_name: str


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    menu_id: int = Field(ge=1, lt=2**31)
    quantity: int = Field(ge=1, le=MAX_QUANTITY)


class OrderBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    items: list[Line] = Field(min_length=1, max_length=MAX_ITEMS)


class StatusBody(BaseModel):
    status: str


class LoginBody(BaseModel):
    store_id: int
    table_number: int
    table_password: str


async def get_session() -> AsyncIterator[AsyncSession]:
    async with Sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]
Credentials = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


def get_claims(credentials: Credentials) -> dict:
    try:
        return jwt.decode(credentials.credentials, SECRET, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise HTTPException(401, "the token is not valid") from None


def get_table(claims: Annotated[dict, Depends(get_claims)]) -> dict:
    if claims["user_type"] != "table":
        raise HTTPException(403)
    return claims


def get_admin(claims: Annotated[dict, Depends(get_claims)]) -> dict:
    if claims["user_type"] != "admin":
        raise HTTPException(403)
    return claims


TableClaims = Annotated[dict, Depends(get_table)]
AdminClaims = Annotated[dict, Depends(get_admin)]

app = FastAPI()


@app.get("/health")
async def health() -> dict:
    return {}


@app.get("/api/v1/customer/menus", response_model=CatalogAnswer)
async def show_menu(
    table: TableClaims, session: Session, response: Response, if_none_match: Annotated[str | None, Header()] = None
) -> CatalogAnswer | Response:
    store_id = table["store_id"]
    version = await session.scalar(select(MenuVersion.version).where(MenuVersion.store_id == store_id))
    tag = f'"{version}.all"'
    if if_none_match == tag:
        return Response(status_code=304, headers={"ETag": tag})
    categories = await session.scalars(
        select(Category)
        .where(Category.store_id == store_id)
        .order_by(Category.display_order, Category.category_id)
        .options(selectinload(Category.menus))
    )
    response.headers["ETag"] = tag
    return CatalogAnswer(store_id=store_id, categories=[CategoryAnswer.model_validate(each) for each in categories])


@app.post("/api/v1/customer/orders", status_code=201, response_model=OrderAnswer)
async def place_order(body: OrderBody, table: TableClaims, session: Session) -> Order:
    table_session = await session.scalar(
        select(TableSession)
        .where(TableSession.session_id == UUID(table["session_id"]), TableSession.is_active)
        .options(selectinload(TableSession.table))
        .with_for_update(read=True)
    )
    if table_session is None:
        raise HTTPException(409, "the session is over")
    found = await session.scalars(
        select(Menu).where(
            Menu.store_id == table["store_id"],
            Menu.menu_id.in_([line.menu_id for line in body.items]),
            Menu.deleted_at.is_(None),
        )
    )
    menus = {menu.menu_id: menu for menu in found}
    items = []
    for line in body.items:
        menu = menus.get(line.menu_id)
        if menu is None:
            raise HTTPException(404, f"there is no menu {line.menu_id}")
        if not menu.is_available:
            raise HTTPException(409, f"menu {line.menu_id} is sold out")
        items.append(
            OrderItem(
                store_id=menu.store_id,
                menu_id=menu.menu_id,
                menu_name=menu.menu_name,
                quantity=line.quantity,
                unit_price=menu.price,
            )
        )
    order = Order(
        session_id=table_session.session_id,
        table=table_session.table,
        store_id=table_session.store_id,
        total_amount=sum(item.subtotal for item in items),
        items=items,
    )
    session.add(order)
    await session.commit()
    return order


@app.get("/api/v1/customer/orders", response_model=SessionAnswer)
async def list_session_orders(table: TableClaims, session: Session) -> SessionAnswer:
    found = await session.scalars(
        select(Order)
        .where(Order.session_id == UUID(table["session_id"]), Order.store_id == table["store_id"])
        .order_by(Order.order_time.desc(), Order.order_id.desc())
        .options(selectinload(Order.items), selectinload(Order.table))
    )
    orders = [OrderAnswer.model_validate(order) for order in found]
    return SessionAnswer(
        session_id=table["session_id"],
        table_number=table["table_number"],
        total_session_amount=sum(order.total_amount for order in orders),
        orders=orders,
    )


@app.get("/api/v1/admin/orders", response_model=DashboardAnswer)
async def list_orders(admin: AdminClaims, session: Session) -> DashboardAnswer:
    tables = await session.scalars(
        select(Table)
        .where(Table.store_id == admin["store_id"], Table.current_session_id.is_not(None))
        .order_by(Table.table_number)
        .options(
            selectinload(Table.orders).options(selectinload(Order.items), selectinload(Order.table)),
        )
    )
    return DashboardAnswer(
        store_id=admin["store_id"],
        tables=[
            TableAnswer(
                table_id=table.table_id,
                table_number=table.table_number,
                session_id=table.current_session_id,
                total_amount=sum(order.total_amount for order in table.orders),
                order_count=len(table.orders),
                orders=[OrderAnswer.model_validate(order) for order in table.orders],
            )
            for table in tables
        ],
    )


@app.patch("/api/v1/admin/orders/{order_id}/status", response_model=StatusAnswer)
async def update_order_status(order_id: int, body: StatusBody, admin: AdminClaims, session: Session) -> Order:
    order = await session.scalar(
        select(Order).where(Order.order_id == order_id, Order.store_id == admin["store_id"]).with_for_update()
    )
    if order is None:
        raise HTTPException(404)
    if STATUSES.index(order.status) > STATUSES.index(body.status):
        raise HTTPException(409)
    order.status = body.status
    await session.commit()
    return order


@app.post("/api/v1/auth/table/login", response_model=LoginAnswer)
async def log_in_table(body: LoginBody, session: Session) -> LoginAnswer:
    table = await session.scalar(
        select(Table)
        .where(Table.store_id == body.store_id, Table.table_number == body.table_number)
        .options(selectinload(Table.store))
    )
    if table is None or not await asyncio.to_thread(
        bcrypt.checkpw, body.table_password.encode(), table.table_password_hash.encode()
    ):
        raise HTTPException(401)
    current = await session.scalar(
        select(TableSession).where(TableSession.table_id == table.table_id, TableSession.is_active)
    )
    if current is None:
        current = TableSession(table_id=table.table_id, store_id=table.store_id, is_active=True)
        session.add(current)
        await session.commit()
    known = {
        "store_id": table.store_id,
        "table_id": table.table_id,
        "table_number": table.table_number,
        "session_id": str(current.session_id),
    }
    now = int(time.time())
    claims = {"sub": f"table_{table.table_id}", "user_type": "table", "iat": now, "exp": now + 57600} | known
    token = jwt.encode(claims, SECRET)
    return LoginAnswer(
        access_token=token, token_type="Bearer", expires_in=57600, store_name=table.store.store_name, **known
    )
