/* Searching in the page of questions as one types. Without it the form asks the server, and the browser's own search works. */
"use strict";

(() => {
  const form = document.querySelector("form[data-search]");
  if (!form) return;
  const field = form.querySelector("input");
  const said = document.getElementById("found");
  // As campaigns.public.answers.plain does.
  const plain = (text) =>
    text.toLowerCase().replaceAll("’", "'").replaceAll("œ", "oe").normalize("NFKD").replace(/\p{M}/gu, "").replace(/\s+/g, " ");
  const themes = [...document.querySelectorAll("[data-theme]")].map((theme) => {
    const title = theme.querySelector("h2").textContent;
    const rows = [...theme.querySelectorAll(".qa")].map((row) => [row, plain(`${title} ${row.textContent}`)]);
    return [theme, rows];
  });

  const search = () => {
    const words = plain(field.value).trim().split(" ").filter(Boolean);
    let number = 0;
    for (const [theme, rows] of themes) {
      let kept = 0;
      for (const [row, text] of rows) {
        row.hidden = !words.every((word) => text.includes(word));
        if (!row.hidden) kept += 1;
      }
      theme.hidden = kept === 0;
      number += kept;
    }
    said.textContent = !words.length ? "" : number === 0
      ? "Aucune question ne contient ces mots. Essayez un mot plus court."
      : number === 1 ? "1 question trouvée." : `${number} questions trouvées.`;
  };

  // A page that the server has already narrowed is searched by the server again.
  if (form.dataset.search === "here") {
    field.addEventListener("input", search);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      search();
    });
  }
})();
