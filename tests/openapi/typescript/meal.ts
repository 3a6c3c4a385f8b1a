// A meal, ordered through a client that is generated from /openapi.json. It runs, too: node built/meal.js BASE
// STORE_ID TABLE_NUMBER TABLE_PASSWORD USERNAME PASSWORD

import createClient from "openapi-fetch";
import type { components, paths } from "./openapi.js";

declare const process: { argv: string[] };
declare const console: { log(text: string): void };

type Order = components["schemas"]["Order"];
type OrderEvent = { initial: components["schemas"]["StoreOrders"]; order_created: Order };

const [base = "", store = "", table = "", tablePassword = "", username = "", password = ""] = process.argv.slice(2);
const api = createClient<paths>({ baseUrl: base });
const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

const tablet = await api.POST("/api/v1/auth/table/login", {
  body: { store_id: Number(store), table_number: Number(table), table_password: tablePassword },
});
if (tablet.error) throw new Error(tablet.error.code);

const { data: menu } = await api.GET("/api/v1/customer/menus", bearer(tablet.data.access_token));
const dish = menu?.categories.flatMap((category) => category.menus).find((menu) => menu.is_available);
if (!dish) throw new Error("nothing to eat");

async function order(menuId: number, quantity: number, token: string): Promise<Order> {
  const { data, error, response } = await api.POST("/api/v1/customer/orders", {
    ...bearer(token),
    params: { header: { "Idempotency-Key": "meal-1" } },
    body: { items: [{ menu_id: menuId, quantity }] },
  });
  if (data) return data;
  switch (error.code) {
    case "menu_sold_out":
    case "session_ended":
      throw new Error(error.detail);
    default:
      throw new Error(`${response.status} ${error.code} (request ${error.request_id})`);
  }
}

const placed = await order(dish.menu_id, 2, tablet.data.access_token);
const total: number = placed.items.reduce((sum, item) => sum + item.unit_price * item.quantity, 0);

const counter = await api.POST("/api/v1/auth/admin/login", { body: { username, password } });
if (counter.error) throw new Error(counter.error.detail);
const done = await api.PATCH("/api/v1/admin/orders/{order_id}/status", {
  ...bearer(counter.data.access_token),
  params: { path: { order_id: placed.order_id } },
  body: { status: "완료" },
});
const status: "대기중" | "준비중" | "완료" | undefined = done.data?.status;

const event = <Type extends keyof OrderEvent>(type: Type, data: string): OrderEvent[Type] => JSON.parse(data);
const told = event("order_created", JSON.stringify(placed));

console.log(`${told.order_id} ${total} ${placed.total_amount} ${status}`);
