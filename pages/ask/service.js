/* Where the service is, and what tells it who asks when that is a page of another site. */

// From this module's own address: also below a path, and whatever page has loaded it.
const ROOT = new URL("../../", import.meta.url);
const KEY = `footnote ${ROOT}`;

export const isForeign = ROOT.origin !== location.origin;
export const urlOf = (path) => new URL(path.slice(1), ROOT);

/* Another site gets no cookie from the browser. Its guest's token opens the guest's conversations
   and nothing else, and is for this site alone. */
let token = isForeign ? recall() : null;

export const hasToken = () => Boolean(token);
export const authorization = () => (token ? { Authorization: `Bearer ${token}` } : {});

export function keepToken(next) {
  token = next ?? null;
  try {
    if (token) localStorage.setItem(KEY, token);
    else localStorage.removeItem(KEY);
  } catch { /* a browser may refuse to store anything: then the session ends with the page */ }
}

function recall() {
  try { return localStorage.getItem(KEY); } catch { return null; }
}
