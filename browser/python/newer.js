/** Whether the site has been built anew since this page came. Every page with cells loads it: it cannot be missing later. */

const ROOT = new URL("..", import.meta.url).href;
const PATIENCE_MS = 3000; // on a network that is there but says nothing, code runs as it is

/**
 * @param {string} script The address of a script of the page's: it is named by its content, and by that of all it loads.
 * @returns {Promise<boolean>} False too where nobody can be asked.
 */
export async function isOutdated(script) {
  try {
    const answer = await fetch(`${ROOT}manifest.json`, { cache: "no-cache", signal: AbortSignal.timeout(PATIENCE_MS) });
    const { scripts = {} } = await answer.json();
    const places = Object.values(scripts);
    if (!places.length || places.some((place) => script === ROOT + place)) return false;
  } catch {
    return false;
  }
  await freshen();
  return true;
}

/** What pages name comes anew: else a page loaded again would find the old one in the browser's cache. */
async function freshen() {
  const named = document.querySelectorAll("script[src], link[rel=stylesheet]");
  const addresses = [...named].map((one) => /** @type {any} */ (one).src || /** @type {any} */ (one).href);
  const ours = [location.href.split("#")[0], ...addresses.filter((address) => address.startsWith(ROOT))];
  await Promise.allSettled(ours.map((address) => fetch(address, { cache: "reload" })));
}
