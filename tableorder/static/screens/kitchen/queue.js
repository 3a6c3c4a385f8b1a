// What is to be cooked: the orders that wait or are being prepared, oldest first, and what was taken back of them since
// somebody here has looked. It is kept, so that a void is marked though the screen was reloaded or off meanwhile.

import { keep, recall } from "../common/kept.js";
import { Board } from "../staff/board.js";

/** @typedef {import("../types.js").Order} Order */
/** @typedef {import("../types.js").OrderItem} OrderItem */
/** @typedef {{ order: Order, fate: "voided" | "closed" }} Gone closed: the guests have left */
/** @typedef {{ item: OrderItem, voided: number }} Line a line, and how many of it were voided */
/** @typedef {{ name: string, count: number, choices: { text: string, count: number }[] }} Wanted */

const KEPT = "kitchen.queue";

export class Queue {
  constructor() {
    const kept = /** @type {any} */ (recall(KEPT)) ?? {};
    this.board = new Board(kept.tables);
    this.gone = /** @type {Map<number, Gone>} */ (new Map(kept.gone));
    /** What was voided of the orders that are still to be cooked, by the order. */
    this.reduced = /** @type {Map<number, Line[]>} */ (new Map(kept.reduced));
  }

  static forget() {
    keep(KEPT, null);
  }

  /** The orders to be cooked, oldest first. */
  get open() {
    return this.board.orders.filter((order) => order.status !== "완료").sort((one, other) => one.order_id - other.order_id);
  }

  /** The orders to be shown: also those that are gone, until somebody has seen it. */
  get shown() {
    return [...this.open, ...[...this.gone.values()].map(({ order }) => order)].sort((one, other) => one.order_id - other.order_id);
  }

  /**
   * Change as an event says.
   * @param {import("../staff/board.js").StoreEvent} event
   * @returns {{ added: boolean, takenBack: boolean }}
   */
  follow(event) {
    const before = this.open;
    const added = this.board.follow(event);
    const takenBack = before.map((order) => this.#compare(order)).includes(true);
    this.keep();
    return { added, takenBack };
  }

  keep() {
    keep(KEPT, { tables: this.board.tables, gone: [...this.gone], reduced: [...this.reduced] });
  }

  /** Somebody has seen what was taken back. @param {number} order_id */
  see(order_id) {
    this.gone.delete(order_id);
    this.reduced.delete(order_id);
    this.board.see(order_id);
    this.keep();
  }

  /** An order's lines, also those that were voided. @param {Order} order @returns {Line[]} */
  lines(order) {
    const voided = this.reduced.get(order.order_id) ?? [];
    const left = order.items.map((item) => ({
      item,
      voided: voided.find((line) => line.item.order_item_id === item.order_item_id)?.voided ?? 0,
    }));
    const whole = voided.filter((line) => order.items.every((item) => item.order_item_id !== line.item.order_item_id));
    return [...left, ...whole.map((line) => ({ ...line, item: { ...line.item, quantity: 0 } }))].sort(
      (one, other) => one.item.order_item_id - other.item.order_item_id,
    );
  }

  /**
   * How many of each dish are wanted now, most first.
   * @param {string} category empty: all
   * @returns {Wanted[]}
   */
  wanted(category) {
    const dishes = /** @type {Map<string, Wanted>} */ (new Map());
    for (const item of this.open.flatMap((order) => order.items)) {
      if (category && item.category_name !== category) continue;
      const dish = dishes.get(item.menu_name) ?? { name: item.menu_name, count: 0, choices: [] };
      dishes.set(item.menu_name, dish);
      dish.count += item.quantity;
      const text = choicesOf(item);
      const alike = dish.choices.find((choice) => choice.text === text);
      if (alike) alike.count += item.quantity;
      else if (text) dish.choices.push({ text, count: item.quantity });
    }
    return [...dishes.values()].sort((one, other) => other.count - one.count || one.name.localeCompare(other.name));
  }

  /**
   * What was taken back of an order that was to be cooked.
   * @param {Order} before
   * @returns {boolean} whether anything was
   */
  #compare(before) {
    const { order_id } = before;
    const now = this.board.find(order_id);
    if (!now) {
      const present = this.board.tables.some((table) => table.session_id === before.session_id);
      this.gone.set(order_id, { order: before, fate: present ? "voided" : "closed" });
      this.reduced.delete(order_id);
      return true;
    }
    if (now.status === "완료") this.reduced.delete(order_id);
    const lost = before.items.flatMap((item) => {
      const left = now.items.find((other) => other.order_item_id === item.order_item_id)?.quantity ?? 0;
      return left < item.quantity ? [{ item, voided: item.quantity - left }] : [];
    });
    if (lost.length === 0 || now.status === "완료") return false;
    const earlier = (this.reduced.get(order_id) ?? []).map((line) => ({ ...line }));
    for (const line of lost) {
      const alike = earlier.find((other) => other.item.order_item_id === line.item.order_item_id);
      if (alike) alike.voided += line.voided;
      else earlier.push(line);
    }
    this.reduced.set(order_id, earlier);
    return true;
  }
}

/** @param {OrderItem} item */
export const choicesOf = (item) =>
  item.options.map(({ option_name, quantity }) => `${option_name}${quantity > 1 ? ` ×${quantity}` : ""}`).join(", ");
