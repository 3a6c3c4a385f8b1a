// The menu: categories on one side, the dishes of one of them on the other.

import { h, show, showList } from "../common/dom.js";
import { won } from "../common/money.js";
import { whenReleased } from "../common/pressing.js";
import { listMenus } from "../staff/menus.js";
import { office } from "../words/office/index.js";
import { words as staff } from "../words/staff/index.js";
import { askForCategory } from "./category-form.js";
import { askForMenu } from "./menu-form.js";
import { showMissing } from "./labels.js";
import { handle, isMoving } from "./sortable.js";

/** @typedef {import("../types.js").AnswerOf<"list_menus">} Menus */
/** @typedef {Menus["categories"][number]} Category */
/** @typedef {Category["menus"][number]} Menu */

export class MenuView {
  /**
   * @param {import("../staff/shift.js").Shift} shift
   * @param {HTMLDialogElement} dialog
   * @param {HTMLElement} place
   */
  constructor(shift, dialog, place) {
    this.shift = shift;
    this.dialog = dialog;
    this.categories = /** @type {Category[] | null} */ (null);
    this.missing = /** @type {import("../types.js").AnswerOf<"list_missing_labels"> | null} */ (null);
    this.chosen = 0;
    this.names = h("ol", { class: "sortable" });
    this.dishes = h("ol", { class: "sortable" });
    this.title = h("h2", {});
    this.none = h("p", { class: "muted" });
    this.hints = h("div", { class: "hints" });
    const words = office();
    this.addMenu = h("button", { type: "button", class: "main", hidden: true, onclick: () => this.#askForMenu(null) }, words.addMenu);
    this.change = h("button", { type: "button", class: "plain", hidden: true, onclick: () => this.#askForCategory(this.category) }, words.change);
    show(
      place,
      this.hints,
      h(
        "div",
        { class: "menu-editor" },
        h("section", { "aria-label": words.categories }, this.names, h("button", { type: "button", class: "add", onclick: () => this.#askForCategory(null) }, words.addCategory)),
        h("section", {}, h("div", { class: "section-head" }, this.title, this.change, this.addMenu), this.none, this.dishes),
      ),
    );
  }

  get category() {
    return this.categories?.find((category) => category.category_id === this.chosen) ?? this.categories?.[0] ?? null;
  }

  load = async () => {
    this.categories = (await listMenus(this.shift)).categories;
    this.chosen = this.category?.category_id ?? 0;
    whenReleased(this.draw);
    this.missing = await this.shift.call("list_missing_labels", {});
    whenReleased(this.draw);
  };

  #reload = () => void this.load().catch(this.shift.fail);

  draw = () => {
    const { categories, category } = this;
    const words = office();
    if (!categories || isMoving()) return;
    showList(
      this.names,
      categories,
      (one) => String(one.category_id),
      (one) => this.#categoryRow(one),
      (one) => [one.category_name, one.menus.length, one === category],
    );
    show(this.title, category?.category_name);
    this.addMenu.hidden = this.change.hidden = !category;
    this.change.setAttribute("aria-label", words.changeOf(category?.category_name ?? ""));
    show(this.none, !category ? words.noCategories : category.menus.length === 0 && words.noMenus);
    showList(this.dishes, category?.menus ?? [], (menu) => String(menu.menu_id), (menu) => this.#dishRow(menu), withoutPlace);
    if (this.missing) showMissing(this.hints, this.missing, categories.flatMap(({ menus }) => menus), (menu) => this.#askForMenu(menu));
  };

  /** @param {Category} category */
  #categoryRow(category) {
    const choose = () => {
      this.chosen = category.category_id;
      this.draw();
      const { top, bottom } = this.title.getBoundingClientRect();
      if (top < 0 || bottom > innerHeight) this.title.scrollIntoView({ block: "start" });
    };
    return h(
      "li",
      {},
      handle(category.category_name, (keys) => this.#sortCategories(keys.map(Number)).catch(this.shift.fail), this.#reload),
      h(
        "button",
        { type: "button", class: "plain row", "aria-current": String(category === this.category), "data-role": "choose", onclick: choose },
        h("span", {}, category.category_name),
        h("span", { class: "small muted" }, office().menuCount(category.menus.length)),
      ),
    );
  }

  /** @param {Menu} menu */
  #dishRow(menu) {
    const picture = pictureOf(menu);
    const on = menu.is_available;
    return h(
      "li",
      { "data-menu": menu.menu_id },
      handle(menu.menu_name, (keys) => this.#sortMenus(keys.map(Number)).catch(this.shift.fail), this.#reload),
      h(
        "button",
        { type: "button", class: "plain row", "data-role": "change", onclick: () => this.#askForMenu(menu) },
        picture ? h("img", { src: picture, alt: "", loading: "lazy" }) : h("span", { class: "no-picture" }),
        h("span", { class: "row-name" }, menu.menu_name),
        menu.remaining !== null && h("span", { class: "label" }, `${office().stock} ${menu.remaining}`),
        h("span", { class: "money" }, won(menu.price)),
        h("span", { class: "unseen" }, office().change),
      ),
      h(
        "button",
        { type: "button", role: "switch", class: "switch", "aria-checked": String(on), "aria-label": menu.menu_name, "data-role": "sale", onclick: () => this.#sell(menu, !on) },
        h("span", { "aria-hidden": "true" }, on ? staff.sold : staff.soldOut),
      ),
    );
  }

  /** @param {Menu} menu @param {boolean} is_available */
  #sell({ menu_id }, is_available) {
    this.shift.call("update_menu", { path: { menu_id }, body: { is_available } }).then(this.load).catch(this.shift.fail);
  }

  /** @param {number[]} ids */
  async #sortMenus(ids) {
    await this.shift.call("reorder_menus", { body: { menu_ids: ids } });
  }

  /** @param {number[]} ids */
  async #sortCategories(ids) {
    for (const [index, category_id] of ids.entries()) {
      const before = this.categories?.find((category) => category.category_id === category_id)?.display_order;
      if (before !== index + 1) await this.shift.call("update_category", { path: { category_id }, body: { display_order: index + 1 } });
    }
  }

  /** @param {Category | null} category null: a new one */
  #askForCategory(category) {
    askForCategory(this.shift, this.dialog, category, async (category_id) => {
      this.chosen = category_id;
      await this.load();
    }).catch(this.shift.fail);
  }

  /** @param {Menu | null} menu null: a new one */
  #askForMenu(menu) {
    const { categories } = this;
    const category = categories?.find(({ category_id }) => category_id === menu?.category_id) ?? this.category;
    if (categories && category) askForMenu(this.shift, this.dialog, { menu, category, categories }, this.load).catch(this.shift.fail);
  }
}

/** @param {Menu & { image_url?: string | null }} menu */
export const pictureOf = (menu) => menu.image_url ?? menu.image_base64;

/** What does not change when others are moved around it. @param {Menu} menu */
const withoutPlace = ({ display_order, updated_at, ...rest }) => rest;
