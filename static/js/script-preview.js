/* The preview of a script: the call's own conversation; the server says what would happen. Without it, a button does. */
"use strict";

(() => {
  const form = document.getElementById("preview-form");
  if (!form) return;
  for (const element of form.querySelectorAll("[data-without-js]")) element.hidden = true;
  let asked = 0;

  async function follow() {
    const mine = ++asked;
    const response = await fetch(location.pathname, {
      method: "POST", body: new URLSearchParams(new FormData(form)), credentials: "same-origin",
      headers: { "X-Requested-With": "fetch" },
    });
    if (!response.ok) return location.reload();
    const said = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("#follows");
    // An older answer that comes back late says nothing any more.
    if (said && mine === asked) document.getElementById("follows").replaceChildren(...said.childNodes);
  }

  window.conversation(form, (target) => {
    // Another person answers: the questions themselves change.
    if (target.name === "personnes") form.submit();
    else follow();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    follow();
  });
})();
