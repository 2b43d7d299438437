// Better Auth as sites have it today: with its own hash (VARIANT=scrypt), or with its own tables,
// ids and hash (VARIANT=default).
import { createServer } from "node:http";
import { options } from "../../examples/better-auth/auth.mjs";

const installed = "../../examples/better-auth/node_modules/better-auth/dist";
const { betterAuth } = await import(`${installed}/index.mjs`);
const { getMigrations } = await import(`${installed}/db/get-migration.mjs`);
const { toNodeHandler } = await import(`${installed}/integrations/node.mjs`);
const { anonymous, bearer, jwt } = await import(`${installed}/plugins/index.mjs`);

const { baseURL, secret, database, emailAndPassword } = options;
const variants = {
  scrypt: { ...options, emailAndPassword: { ...emailAndPassword, password: undefined } },
  default: {
    baseURL,
    secret,
    database,
    emailAndPassword: { enabled: true },
    plugins: [bearer({ requireSignature: true }), jwt(), anonymous()],
  },
};
const chosen = variants[process.env.VARIANT];
if (process.env.VARIANT === "default") await (await getMigrations(chosen)).runMigrations();

createServer(toNodeHandler(betterAuth(chosen))).listen(Number(process.env.PORT), "127.0.0.1", () => {
  console.log("listens at its port");
});
