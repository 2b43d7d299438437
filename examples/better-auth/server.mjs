// The smallest server around auth.mjs. A framework mounts the handler instead: see Better Auth's own
// documentation for yours.
import { createServer } from "node:http";
import { toNodeHandler } from "better-auth/node";
import { auth } from "./auth.mjs";

const port = Number(process.env.PORT || 3000);

createServer(toNodeHandler(auth)).listen(port, "127.0.0.1", () => {
  console.log(`Better Auth listens at http://127.0.0.1:${port}/api/auth`);
});
