// The types of the screens. They are made from the API's own description (openapi.d.ts, by openapi-typescript), so that no
// type is written twice. What an installation may not have yet, by its list of features, is at the end.

import type { components, operations, paths } from "./openapi.js";

type Schemas = components["schemas"];

export type OperationName = keyof operations;
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Where an operation is. */
export type Route = readonly [Method, keyof paths];

type Success<R> = R extends { 200: infer A } ? A : R extends { 201: infer A } ? A : never;

/** What an operation answers when all is well. */
export type AnswerOf<N extends OperationName> =
  Success<operations[N]["responses"]> extends { content: { "application/json": infer A } } ? A : never;

type Json<R> = [R] extends [never] ? never : R extends { content: { "application/json": infer B } } ? B : never;
type BodyOf<N extends OperationName> = Json<Exclude<operations[N]["requestBody"], undefined>>;
type PathOf<N extends OperationName> = Exclude<operations[N]["parameters"]["path"], undefined>;
type QueryOf<N extends OperationName> = Exclude<operations[N]["parameters"]["query"], undefined>;

/** What a call of an operation needs. */
export type Parameters<N extends OperationName> = {
  /** Of the tap that this call is for; the same for each repeat. */
  key?: string;
  /** Gives the call up. */
  signal?: AbortSignal;
} & ([BodyOf<N>] extends [never] ? {} : { body: BodyOf<N> }) &
  ([PathOf<N>] extends [never] ? {} : { path: PathOf<N> }) &
  ([QueryOf<N>] extends [never] ? {} : { query?: QueryOf<N> });

export type ProblemDocument = Schemas["Problem"] & Record<string, unknown>;
export type Status = Schemas["Order"]["status"];
export type TableToken = Schemas["TableToken"] & { features?: string[] };
export type AdminToken = Schemas["AdminToken"] & { features?: string[] };

// The live feeds: what an event's data is, by its type.
type SharedEvents = {
  order_created: Order;
  order_updated: Schemas["OrderUpdatedEvent"] & { total_amount?: number; items?: OrderItem[] };
  order_deleted: Schemas["OrderDeletedEvent"];
  session_ended: Schemas["SessionEvent"];
  menu_changed: Schemas["MenuChangedEvent"];
};
export type TableEvents = SharedEvents & { initial: AnswerOf<"list_session_orders"> };
export type StoreEvents = SharedEvents & {
  initial: AnswerOf<"list_orders">;
  session_started: Schemas["SessionEvent"];
  table_changed: Schemas["TableChangedEvent"];
};

/** One of the events of a feed: its type and its data. */
export type EventOf<E> = { [K in keyof E]: { type: K; data: E[K] } }[keyof E];

// What features add to the documents: `options`, `notes`, `quotes`, `languages`, `pictures`.
export type Option = {
  option_id: number;
  option_name: string;
  display_name?: string;
  price_delta: number;
  is_available: boolean;
  is_default: boolean;
};
export type OptionGroup = {
  group_id: number;
  group_name: string;
  display_name?: string;
  min_select: number;
  max_select: number;
  max_each: number;
  options: Option[];
};
export type ChosenOption = { option_id: number; quantity: number };
export type KeptOption = ChosenOption & { group_name: string; option_name: string; price_delta: number };
export type Menu = Schemas["GuestMenu"] & {
  option_groups?: OptionGroup[];
  display_name?: string;
  display_description?: string | null;
  image_url?: string | null;
};
export type Category = { category_id: number; category_name: string; display_name?: string; menus: Menu[] };
export type MenuDocument = { categories: Category[]; version?: string; origin_notice?: string | null };
export type OrderItem = Schemas["OrderItem"] & { options?: KeptOption[]; note?: string | null; display_name?: string };
export type Order = Omit<Schemas["Order"], "items"> & { items: OrderItem[]; note?: string | null };
export type Line = {
  menu_id: number;
  quantity: number;
  options?: ChosenOption[];
  note?: string;
  expected_unit_price?: number;
};
export type OrderRequest = { items: Line[]; note?: string; expected_total?: number; menu_version?: string };
export type Quote = {
  total: number | null;
  menu_version: string;
  lines: {
    item: number;
    menu_id: number;
    unit_price: number | null;
    problem: null | { code: string; option_id?: number; remaining?: number };
  }[];
};
export type Stock = { stock_id: number; menu_id: number | null; option_id: number | null; remaining: number | null };
