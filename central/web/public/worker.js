// Keeps the page that checks letters, its script and the list of keys, so that they answer without a network: the network
// first, what was kept where it gives nothing. Touches nothing else of the site.
"use strict";
const NAME = "periksa-surat";
const FILES = [KEPT];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forget().then(() => self.clients.claim()));
});

async function forget() {
  const cache = await caches.open(NAME);
  for (const request of await cache.keys()) {
    if (!FILES.includes(nameOf(request))) await cache.delete(request);
  }
}

self.addEventListener("fetch", (event) => {
  if (event.request.method === "GET" && FILES.includes(nameOf(event.request))) event.respondWith(answer(event.request));
});

function nameOf(request) {
  const url = new URL(request.url);
  return url.pathname + url.search;
}

async function answer(request) {
  const cache = await caches.open(NAME);
  try {
    const fresh = await fetch(request);
    if (fresh.ok && !fresh.redirected) await cache.put(request, fresh.clone());
    if (fresh.ok) return fresh;
  } catch {
    // no network: below
  }
  return (await cache.match(nameOf(request))) ?? Response.error();
}
