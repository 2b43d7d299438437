// Better Auth on Footnote's database: one set of readers, passwords and sessions for both.
// Copy this file into your site; README.md says what must be equal and what you may change.
import { createHmac } from "node:crypto";
import bcrypt from "bcryptjs";
import { APIError, betterAuth } from "better-auth";
import { createAuthMiddleware } from "better-auth/api";
import { verifyPassword as verifyScrypt } from "better-auth/crypto";
import { anonymous, bearer, jwt } from "better-auth/plugins";
import pg from "pg";

const database = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });

/** Better Auth's camelCase fields under the names of Footnote's columns. */
const columns = (...fields) =>
  Object.fromEntries(fields.map((f) => [f, f.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)]));

/** What bcrypt gets: it reads 72 bytes and no NUL, so longer passwords are hashed before. */
function material(password) {
  const bytes = Buffer.from(password, "utf8");
  if (bytes.length <= 72 && !bytes.includes(0)) return password;
  return createHmac("sha384", "prehash/v1").update(bytes).digest("base64");
}

const hash = (password) =>
  bcrypt.hash(material(password), Number(process.env.BCRYPT_COST || 12));

/** Accounts from before this configuration keep Better Auth's own scrypt hash. */
const verify = ({ hash, password }) =>
  hash.startsWith("$2") ? bcrypt.compare(material(password), hash) : verifyScrypt({ hash, password });

/** Better Auth counts UTF-16 units, Footnote characters: this refuses what only one would take. */
function checkLength(password) {
  const length = [...password].length;
  if (length >= 8 && length <= 128) return;
  const [code, word] = length < 8 ? ["PASSWORD_TOO_SHORT", "short"] : ["PASSWORD_TOO_LONG", "long"];
  throw new APIError("BAD_REQUEST", { code, message: `Password too ${word}` });
}

/** A new password has Footnote's length, and ends the reader's other sessions. */
const newPassword = createAuthMiddleware(async ({ path, body }) => {
  if (path === "/sign-up/email") checkLength(body?.password ?? "");
  if (path === "/reset-password") checkLength(body?.newPassword ?? "");
  if (path !== "/change-password") return;
  checkLength(body?.newPassword ?? "");
  return { context: { body: { ...body, revokeOtherSessions: true } } };
});

/** A guest who signs in keeps what they asked: the plugin deletes the guest right after this. */
const adopt = ({ anonymousUser, newUser }) =>
  database.query(
    `with moved as (
        update conversations set user_id = $2 where user_id = $1
     ), logged as (
        update interaction_logs set user_id = $2 where user_id = $1
     )
     update feedback set user_id = $2 where user_id = $1`,
    [anonymousUser.user.id, newUser.user.id],
  );

export const options = {
  baseURL: process.env.BETTER_AUTH_URL,
  secret: process.env.BETTER_AUTH_SECRET,
  database,
  advanced: { database: { generateId: "uuid" } },
  user: { modelName: "users", fields: columns("emailVerified", "createdAt", "updatedAt") },
  session: {
    modelName: "sessions",
    fields: columns("userId", "expiresAt", "ipAddress", "userAgent", "createdAt", "updatedAt"),
  },
  account: {
    modelName: "accounts",
    fields: columns(
      "userId", "providerId", "accountId", "accessToken", "refreshToken", "idToken",
      "accessTokenExpiresAt", "refreshTokenExpiresAt", "createdAt", "updatedAt",
    ),
  },
  verification: {
    modelName: "verifications",
    fields: columns("expiresAt", "createdAt", "updatedAt"),
  },
  emailAndPassword: {
    enabled: true,
    minPasswordLength: 8,
    maxPasswordLength: 256, // 128 characters may be 256 UTF-16 units
    revokeSessionsOnPasswordReset: true,
    password: { hash, verify },
  },
  hooks: { before: newPassword },
  plugins: [
    bearer({ requireSignature: true }), // else a token read from the database opens a session
    jwt({
      schema: { jwks: { fields: columns("publicKey", "privateKey", "createdAt", "expiresAt") } },
    }),
    anonymous({
      schema: { user: { fields: { isAnonymous: "is_guest" } } },
      onLinkAccount: adopt,
    }),
  ],
};

export const auth = betterAuth(options);
