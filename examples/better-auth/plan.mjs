// What Better Auth's own planner still wants of the database; after `make migrate`, nothing.
import { getMigrations } from "better-auth/db/migration";
import { options } from "./auth.mjs";

const { toBeCreated, toBeAdded } = await getMigrations(options);
await options.database.end();

const wanted = [...toBeCreated, ...toBeAdded].map(
  ({ table, fields }) => `${table}: ${Object.keys(fields).join(", ")}`,
);
console.log(wanted.length ? wanted.join("\n") : "Better Auth needs nothing more.");
process.exitCode = wanted.length ? 1 : 0;
