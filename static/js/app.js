/* What every page shares. Pages work without it. */
"use strict";

(() => {
  const cookie = (name) =>
    document.cookie.split("; ").find((part) => part.startsWith(name + "="))?.slice(name.length + 1) ?? "";

  // htmx sends the CSRF token; polling says that nobody is there (see IdleSessionMiddleware).
  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = cookie("csrftoken");
    if (event.detail.elt.closest("[data-background]")) event.detail.headers["X-Background"] = "1";
  });

  // An action that did not go through says so.
  const say = (text) => {
    const line = document.createElement("div");
    line.className = "alert alert-warning";
    line.textContent = text;
    const place = document.getElementById("messages");
    place.replaceChildren(line);
    place.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("htmx:responseError", (event) => {
    if (event.target.closest("[data-background]")) return;
    const code = event.detail.xhr.status;
    say(
      code === 403 ? "Cette action ne vous est pas ouverte, ou la page a expiré. Rechargez la page."
        : code === 404 ? "Cet élément n'existe plus. Rechargez la page."
          : code === 503 ? "Rien ne peut être enregistré en ce moment. Gardez cette page ouverte et réessayez dans quelques minutes."
            : "L'action n'a pas abouti. Rechargez la page dans un instant.",
    );
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (!event.target.closest("[data-background]")) say("Le réseau est coupé. Réessayez dans un instant.");
  });

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("data-resend")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    form.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      form.removeAttribute("aria-busy");
    }
  });

  document.addEventListener("click", (event) => {
    // The user menu closes when one clicks elsewhere.
    for (const menu of document.querySelectorAll("details.user-menu[open], details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    const opener = event.target.closest("[data-dialog]");
    if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
    if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
    const copy = event.target.closest("[data-copy]");
    if (copy) copyFrom(copy);
    const printer = event.target.closest("[data-print]");
    if (printer) window.print();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.user-menu[open], details[data-menu][open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // Buttons that only mean something with a script stay hidden without one.
  for (const element of document.querySelectorAll("[data-needs-js]")) element.hidden = false;

  async function copyFrom(button) {
    const field = document.getElementById(button.dataset.copy);
    const said = button.querySelector("[data-said]") ?? button;
    const text = "value" in field ? field.value : field.textContent.trim();
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      field.select?.();
      document.execCommand("copy");
    }
    const before = said.textContent;
    said.textContent = "Copié";
    setTimeout(() => (said.textContent = before), 2000);
  }

  // A choice that sends its form: filters of the lists.
  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-autosubmit]")) event.target.form?.requestSubmit();
  });

  // The page opens on the first field in error.
  document.querySelector("main .is-invalid, main [aria-invalid=true]")?.focus();
})();
