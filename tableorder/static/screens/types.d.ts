// The types of the screens. They are made from the API's own description (openapi.d.ts, by openapi-typescript), so that no
// type is written twice. What the API does not describe, or not yet, is at the end.

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
  /** What this was made from: it is refused if that has changed since. */
  version?: string;
  /** Do not repeat it: it makes something, and has no key. Without an answer Unanswered is thrown. */
  once?: boolean;
  /** An owner's or a manager's. */
  approval?: string | undefined;
  /** Gives the call up. */
  signal?: AbortSignal;
} & ([BodyOf<N>] extends [never] ? {} : { body: BodyOf<N> }) &
  ([PathOf<N>] extends [never] ? {} : { path: PathOf<N> }) &
  ([QueryOf<N>] extends [never] ? {} : { query?: QueryOf<N> });

export type ProblemDocument = Schemas["Problem"] & Record<string, unknown>;
export type Status = Schemas["Order"]["status"];
export type TableToken = Schemas["TableToken"];
export type AdminToken = Schemas["AdminToken"];
export type Order = Schemas["Order"];
export type OrderItem = Schemas["OrderItem"];
export type Call = Schemas["Call"];
export type OrderRequest = Schemas["OrderBody"];
export type ChosenOption = Required<Schemas["OptionChoiceBody"]>;

export type Option = Schemas["GuestOption"];
export type OptionGroup = Schemas["GuestOptionGroup"];
export type Menu = Schemas["GuestMenu"] & { image_url?: string | null };
export type Category = Omit<Schemas["GuestMenuCategory"], "menus"> & { menus: Menu[] };
export type MenuDocument = Omit<Schemas["GuestMenus"], "categories"> & { categories: Category[] };

// The live feeds: what an event's data is, by its type.
type SharedEvents = {
  order_created: Order;
  order_updated: Schemas["OrderUpdatedEvent"];
  order_deleted: Schemas["OrderDeletedEvent"];
  session_ended: Schemas["SessionEvent"];
  menu_changed: Schemas["MenuChangedEvent"];
  call_created: Call;
  call_updated: Call;
  call_closed: Call;
};
export type TableEvents = SharedEvents & { initial: AnswerOf<"list_session_orders"> };
export type StoreEvents = SharedEvents & {
  initial: AnswerOf<"list_orders">;
  session_started: Schemas["SessionEvent"];
  table_changed: Schemas["TableChangedEvent"];
  stock_changed: Schemas["StockChangedEvent"];
};

/** One of the events of a feed: its type and its data. */
export type EventOf<E> = { [K in keyof E]: { type: K; data: E[K] } }[keyof E];

// The members of a problem are in the API's description by example alone.
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
