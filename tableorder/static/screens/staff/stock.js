// How many are left of what the installation counts.

/**
 * At how many left the counter is told, if at all.
 * @param {import("./shift.js").Shift} shift
 * @param {{ menu_id: number }} menu
 */
export async function lowAtOf(shift, { menu_id }) {
  const { stock } = await shift.call("list_stock", {});
  return stock.find((one) => one.menu_id === menu_id)?.low_at ?? null;
}
