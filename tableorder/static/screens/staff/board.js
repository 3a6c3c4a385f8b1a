// What is open in the restaurant: the tables with guests and their orders, as the feed tells them.

/** @typedef {import("../types.js").Order} Order */
/** @typedef {import("../types.js").EventOf<import("../types.js").StoreEvents>} StoreEvent */
/** @typedef {{ table_id: number, table_number: number, session_id: string, orders: Order[] }} OpenTable */

export class Board {
  /** @param {OpenTable[]} [tables] as they were when somebody last looked */
  constructor(tables) {
    this.tables = tables ?? [];
    /** The ids of the orders that came in since somebody last looked. */
    this.fresh = /** @type {Set<number>} */ (new Set());
    this.begun = tables !== undefined;
  }

  get orders() {
    return this.tables.flatMap((table) => table.orders);
  }

  /** @param {number} order_id */
  find(order_id) {
    return this.orders.find((order) => order.order_id === order_id);
  }

  /** @param {Order["status"]} status */
  count(status) {
    return this.orders.filter((order) => order.status === status).length;
  }

  /** Somebody has seen this order. @param {number} order_id */
  see(order_id) {
    return this.fresh.delete(order_id);
  }

  /**
   * Change as an event says.
   * @param {StoreEvent} event
   * @returns {boolean} whether there are new orders
   */
  follow(event) {
    if (event.type === "initial") return this.#begin(event.data.tables);
    if (event.type === "order_created") return this.#add(event.data);
    if (event.type === "order_updated") this.update(event.data);
    if (event.type === "order_deleted") this.remove(event.data.order_id);
    if (event.type === "session_started") this.#open(event.data);
    if (event.type === "session_ended") this.close(event.data.session_id);
    return false;
  }

  /** @param {Partial<Order> & { order_id: number }} change */
  update(change) {
    for (const table of this.tables)
      table.orders = table.orders.map((order) => (order.order_id === change.order_id ? { ...order, ...change } : order));
    if (change.status !== "대기중") this.fresh.delete(change.order_id);
  }

  /** @param {number} order_id */
  remove(order_id) {
    for (const table of this.tables) table.orders = table.orders.filter((order) => order.order_id !== order_id);
    this.fresh.delete(order_id);
  }

  /** @param {string} session_id */
  close(session_id) {
    for (const table of this.tables)
      if (table.session_id === session_id) for (const order of table.orders) this.fresh.delete(order.order_id);
    this.tables = this.tables.filter((table) => table.session_id !== session_id);
  }

  /**
   * All of it anew. What came in while we were away is new, too.
   * @param {OpenTable[]} tables
   */
  #begin(tables) {
    const known = new Set(this.orders.map((order) => order.order_id));
    this.tables = tables;
    const added = this.begun ? this.orders.filter((order) => !known.has(order.order_id) && order.status === "대기중") : [];
    for (const order of added) this.fresh.add(order.order_id);
    this.begun = true;
    return added.length > 0;
  }

  /** @param {Order} order */
  #add(order) {
    const table = this.#open(order);
    if (table.orders.some((other) => other.order_id === order.order_id)) return false;
    table.orders = [order, ...table.orders];
    this.fresh.add(order.order_id);
    return true;
  }

  /**
   * The table with this session, made if need be.
   * @param {{ table_id: number, table_number: number, session_id: string }} of
   */
  #open({ table_id, table_number, session_id }) {
    const open = this.tables.find((table) => table.session_id === session_id);
    if (open) return open;
    const table = { table_id, table_number, session_id, orders: /** @type {Order[]} */ ([]) };
    this.tables = [...this.tables.filter((other) => other.table_id !== table_id), table].sort(
      (one, other) => one.table_number - other.table_number,
    );
    return table;
  }
}
