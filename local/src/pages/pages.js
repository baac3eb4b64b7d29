// Keeps the parts of a page marked `data-live` up to date: reads the page again and exchanges only what changed, so that
// nothing flickers and the keyboard's place is kept. Without it the pages work as well, by reloading.
const EVERY_MS = 2000;
const away = document.getElementById("away");

function exchange(old, fresh) {
  if (old.outerHTML === fresh.outerHTML) return;
  const keyed = [...fresh.children].every((child) => child.dataset.key) && fresh.children.length > 0;
  if (!keyed) {
    const place = [...old.querySelectorAll("a, button")].indexOf(document.activeElement);
    old.innerHTML = fresh.innerHTML;
    if (place >= 0) old.querySelectorAll("a, button")[place]?.focus();
    return;
  }
  const known = new Map([...old.children].map((child) => [child.dataset.key, child]));
  const wanted = [...fresh.children].map((child) => {
    const have = known.get(child.dataset.key);
    if (!have) return document.importNode(child, true);
    if (have.innerHTML !== child.innerHTML) exchange(have, child);
    return have;
  });
  // Rows that stay are not moved: moving would take the focus from them.
  for (const child of [...old.children]) if (!wanted.includes(child)) child.remove();
  wanted.forEach((child, at) => {
    if (old.children[at] !== child) old.insertBefore(child, old.children[at] ?? null);
  });
}

async function refresh() {
  if (document.hidden) return;
  try {
    const reply = await fetch(location.pathname + location.search, { cache: "no-store" });
    if (!reply.ok) return;
    const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
    for (const old of document.querySelectorAll("[data-live]")) {
      const now = fresh.getElementById(old.id);
      if (now) exchange(old, now);
    }
    away.hidden = true;
  } catch {
    away.hidden = false;
  }
}

async function follow() {
  await refresh();
  setTimeout(follow, EVERY_MS);
}

if (document.querySelector("[data-live]")) {
  // What was done is said once: a reload shows the message alone.
  const asked = new URLSearchParams(location.search);
  if (asked.delete("done"), asked.toString() !== location.search.slice(1)) {
    history.replaceState(null, "", location.pathname + (asked.size ? `?${asked}` : ""));
  }
  setTimeout(follow, EVERY_MS);
  document.addEventListener("visibilitychange", refresh);
}
