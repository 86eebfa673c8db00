/* The alerts that nobody took, on every page of a coordinator. Without it, the menu leads to the same list. */
"use strict";

(() => {
  const banner = document.querySelector("[data-banner]");
  if (!banner) return;

  async function refresh() {
    if (document.hidden) return;
    try {
      // X-Background: polling is not activity, an unattended session still ends.
      const answer = await fetch(banner.dataset.banner, { headers: { "X-Background": "1" } });
      // A session that ended is answered 401: the page, and what is typed in it, stay.
      if (!answer.ok) return;
      const html = await answer.text();
      // Read aloud when it changes, and only then.
      if (html.trim() !== banner.innerHTML.trim()) banner.innerHTML = html;
    } catch {
      // The network will be back; what is shown stays.
    }
  }

  refresh();
  setInterval(refresh, 20000);
  document.addEventListener("visibilitychange", refresh);
})();
