// A code that sets a tablet up for a table: to be scanned with its camera, or typed in.

import { h, show } from "../common/dom.js";
import { words as staff } from "../words/staff/index.js";
import { office } from "../words/office/index.js";
import { qrCode } from "./qr.js";

const QUIET = 4; // cells around a QR code

/**
 * @param {import("../staff/shift.js").Shift} shift
 * @param {HTMLDialogElement} dialog
 * @param {import("./tables.js").Table} table
 * @param {() => Promise<void>} onDone the code may have been used
 */
export async function showEnrolment(shift, dialog, { table_id, table_number }, onDone) {
  const words = office();
  const { code, url, expires_in } = await shift.call("add_enrolment", { path: { table_id }, once: true });
  const address = new URL(url, location.origin).href;
  const close = () => dialog.close();
  show(
    dialog,
    h(
      "div",
      { class: "enrolment" },
      h("h2", { id: "dialog-title", tabindex: -1 }, words.enrolTitle(staff.tableLong(table_number))),
      h("p", {}, words.enrolAbout),
      picture(address),
      h("p", { class: "enrolment-code", translate: "no" }, `${code.slice(0, 4)} ${code.slice(4)}`),
      h("p", { class: "small muted" }, words.enrolExpires(Math.round(expires_in / 60))),
      h("div", { class: "actions" }, h("button", { type: "button", onclick: close }, staff.close)),
    ),
  );
  dialog.addEventListener("close", () => void onDone().catch(shift.fail), { once: true });
  dialog.showModal();
}

/** The address as a QR code; nothing if it is too long for one. @param {string} address */
function picture(address) {
  const cells = qrCode(address);
  if (!cells) return null;
  const side = cells.length + 2 * QUIET;
  const dark = cells.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x + QUIET} ${y + QUIET}h1v1h-1z`] : [])));
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges"><path d="M0 0h${side}v${side}H0z" fill="#fff"/><path d="${dark.join("")}"/></svg>`;
  return h("img", { class: "enrolment-picture", src: `data:image/svg+xml,${encodeURIComponent(svg)}`, alt: office().enrolPicture });
}
