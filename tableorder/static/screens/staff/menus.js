// The menu, with the addresses of its pictures alone, where the installation has them: a browser keeps what is there.

/** @param {import("./shift.js").Shift} shift */
export const listMenus = (shift) => shift.call("list_menus", shift.has("pictures") ? { query: { pictures: "url" } } : {});
