// The doors. Those of the demo restaurant open in one tap: its passwords are public. The page names its store only where
// bin/serve has loaded it.

import { Api, Problem } from "../common/api.js";
import { byId, show } from "../common/dom.js";
import { keep } from "../common/kept.js";

const TABLE = { table_number: 3, table_password: "demo-table" };
const ADMIN = { username: "demo", password: "demo-admin" };

const store_id = Number(document.querySelector('meta[name="demo-store"]')?.getAttribute("content"));

async function openTablet() {
  const body = { store_id, ...TABLE };
  const login = await new Api().call("log_in_table", { body });
  keep("tablet.setup", body);
  keep("tablet.login", login);
  location.assign("tablet");
}

async function openCounter() {
  keep("counter.login", await new Api().call("log_in_admin", { body: ADMIN }));
  location.assign("counter");
}

/** @param {string} id @param {() => Promise<void>} open */
function makeDoor(id, open) {
  const button = /** @type {HTMLButtonElement} */ (byId(id));
  button.addEventListener("click", async () => {
    button.disabled = true;
    show(byId("demo-problem"));
    try {
      await open();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      show(byId("demo-problem"), `체험용 식당에 들어갈 수 없습니다. The demo restaurant does not let us in: ${error.message}`);
    }
    button.disabled = false;
  });
}

makeDoor("demo-tablet", openTablet);
makeDoor("demo-counter", openCounter);
