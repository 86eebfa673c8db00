/* The preview of a script: the server reads the answers, this page only shows what it says. Without it, a button does. */
"use strict";

(() => {
  const form = document.getElementById("preview-form");
  if (!form) return;
  for (const element of form.querySelectorAll("[data-without-js]")) element.hidden = true;
  let asked = 0;

  const parts = (root) => [...root.querySelectorAll(".q, .answer, [data-panel], [data-consent], [data-consents], [data-need-name], [data-lonely-hint]")];

  async function follow() {
    const mine = ++asked;
    const response = await fetch(location.pathname, {
      method: "POST", body: new URLSearchParams(new FormData(form)), credentials: "same-origin",
      headers: { "X-Requested-With": "fetch" },
    });
    if (!response.ok || response.redirected) return location.reload();
    const said = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("preview-form");
    // An older answer that comes back late says nothing any more.
    if (!said || mine !== asked) return;
    const here = parts(form), there = parts(said);
    if (here.length !== there.length) {
      // Another person answers: the questions themselves change.
      form.querySelector(".script").replaceWith(said.querySelector(".script"));
    } else {
      here.forEach((element, index) => element.toggleAttribute("data-off", there[index].hasAttribute("data-off")));
    }
    document.getElementById("follows").replaceChildren(...said.querySelector("#follows").childNodes);
  }

  form.addEventListener("change", follow);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    follow();
  });
})();
