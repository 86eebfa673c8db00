/* The conversation: branching, one question at a time on a phone, answers that fold, the keyboard. Shared by the call,
   the practice call and the preview of a script. Without it every question is in view, and the server follows. */
"use strict";

window.conversation = (form, onChange) => {
  document.documentElement.classList.add("js");
  const questions = [...form.querySelectorAll(".q")];
  const phone = matchMedia("(max-width: 61.99rem)");
  const ending = document.getElementById("ending-title");

  // Branching: the same reading as campaigns.scripts.Content.read ------------------------------------
  const blocksOf = (q) => [...q.querySelectorAll(".answer")];
  const inputsOf = (block) => [...block.querySelectorAll("input, textarea")];
  const chosenOf = (block) => inputsOf(block).filter((input) => input.checked);
  const isAnswered = (block) =>
    inputsOf(block).some((input) => (input.tagName === "TEXTAREA" ? input.value.trim() : input.checked));
  const people = [...new Set(questions.flatMap((q) => blocksOf(q).map((b) => b.dataset.person)).filter(Boolean))];
  const block = (key, person) => form.querySelector(`.q[data-question="${CSS.escape(key)}"] .answer[data-person="${CSS.escape(person)}"]`);

  function isShown(q, person) {
    const conditions = (q.dataset.shownIf || "").split(" ").filter(Boolean);
    if (!conditions.length) return true;
    const voices = person ? [person, ""] : ["", ...people];
    return conditions.some((condition) => {
      const dot = condition.indexOf(".");
      const key = condition.slice(0, dot), choice = condition.slice(dot + 1);
      return voices.some((voice) => {
        const asked = block(key, voice);
        return asked && chosenOf(asked).some((input) => input.value === choice);
      });
    });
  }

  function read() {
    const state = { needs: new Set(), opens: new Set(), lonely: {}, outcome: "", cadence: "" };
    for (const q of questions) {
      let any = false;
      for (const one of blocksOf(q)) {
        const person = one.dataset.person;
        const vital = chosenOf(one).some((input) => input.dataset.vital);
        const shown = vital || (!state.outcome && isShown(q, person));
        one.toggleAttribute("data-off", !shown);
        if (!shown) continue;
        any = true;
        for (const { dataset } of chosenOf(one)) {
          // Nobody is asked to agree in the middle of a danger.
          if (dataset.need && !dataset.vital) state.needs.add(dataset.need);
          if (dataset.opens) state.opens.add(dataset.opens);
          if (dataset.lonely) state.lonely[person] = (state.lonely[person] || 0) + Number(dataset.lonely);
          if (dataset.outcome) state.outcome = dataset.outcome;
          if (dataset.cadence) state.cadence = dataset.cadence;
        }
      }
      q.toggleAttribute("data-off", !any);
    }
    return state;
  }

  function branch() {
    const state = read();
    for (const panel of form.querySelectorAll("[data-panel]")) panel.toggleAttribute("data-off", !state.opens.has(panel.dataset.panel));
    for (const consent of form.querySelectorAll("[data-consent]")) ask(consent, state.needs);
    form.querySelector("[data-consents]")?.toggleAttribute("data-off", !state.needs.size);
    const from = Number(form.dataset.lonelyFrom);
    const lonely = from > 0 && Object.values(state.lonely).some((points) => points >= from);
    form.querySelector("[data-lonely-hint]")?.toggleAttribute("data-off", !lonely);
    const cadence = form.elements.cadence;
    if (cadence) {
      const said = [...cadence.options].find((option) => option.value && option.value === state.cadence);
      cadence.options[0].textContent = said ? "Répondu\u00a0: " + said.textContent : "Selon la réponse";
    }
    const other = form.querySelector("[data-other-moment]");
    if (other) other.toggleAttribute("data-off", !form.querySelector('[name=callback][value="other"]')?.checked);
    fold();
    return state;
  }

  // One question a partner. An agreement given for one need does not cover another that comes later.
  function ask(consent, needs) {
    const wanted = consent.dataset.consent.split(" ").filter((need) => needs.has(need));
    for (const name of consent.querySelectorAll("[data-need-name]")) name.toggleAttribute("data-off", !needs.has(name.dataset.needName));
    const again = consent.querySelector("[data-ask-again]");
    const before = consent.dataset.asked?.split(" ");
    const given = consent.querySelector("input:checked");
    if (given && before && wanted.some((need) => !before.includes(need))) {
      given.checked = false;
      again.hidden = false;
    } else if (given) again.hidden = true;
    consent.dataset.asked = wanted.join(" ");
    consent.toggleAttribute("data-off", !wanted.length);
  }

  // Questions behind us fold into a sentence; on a phone the next ones wait ------------------------------
  const finished = new Set();
  const inPlay = (one) => !one.hasAttribute("data-off");
  const visible = () => questions.filter(inPlay);
  const stops = () => [...form.querySelectorAll(".stop")].filter((one) => inPlay(one) && !one.closest("section[data-off]"));
  const shownBlocks = (q) => blocksOf(q).filter(inPlay);
  const isComplete = (q) => shownBlocks(q).every(isAnswered);
  // A danger stops the script: its advice stays in view, and only « Reprendre les questions » brings the next one.
  const isVital = (q) => shownBlocks(q).some((one) => chosenOf(one).some((input) => input.dataset.vital));
  const isDone = (q) => finished.has(q) && (phone.matches || isComplete(q));

  function sentence(q) {
    const said = q.querySelector(".q-said");
    const words = q.querySelector(".spoken")?.textContent.trim() ?? "";
    // The question itself is the last sentence of what is said.
    said.replaceChildren(document.createTextNode((words.match(/[^.?!]*\?\s*$/)?.[0].trim() ?? words) + " "));
    const strong = document.createElement("strong");
    strong.textContent = shownBlocks(q).map((one) => {
      const texts = inputsOf(one).map((input) =>
        input.tagName === "TEXTAREA" ? input.value.trim() : input.checked ? input.closest(".choice").querySelector(".choice-label").textContent.trim() : "",
      ).filter(Boolean);
      const who = one.querySelector("legend:not(.visually-hidden)")?.textContent.trim();
      return (who ? who + "\u00a0: " : "") + (texts.join(", ") || "sans réponse");
    }).join(" · ");
    said.append(strong);
    for (const mark of q.querySelectorAll(".answer:not([data-off]) .choice:has(:checked) .consequence")) said.append(" ", mark.cloneNode(true));
  }

  function fold() {
    const list = visible();
    const active = list.find((q) => !isDone(q)) ?? null;
    let passed = false;
    for (const q of list) {
      const done = isDone(q);
      const vital = isVital(q), folded = done && !vital;
      q.toggleAttribute("data-folded", folded);
      q.toggleAttribute("data-later", passed);
      q.querySelector(".q-line").hidden = !folded;
      if (folded) sentence(q);
      const answered = isComplete(q);
      const go = q.querySelector("[data-go-on]"), clear = q.querySelector("[data-clear]");
      go.hidden = vital ? done : !phone.matches || (q.hasAttribute("data-required") && !answered);
      go.textContent = vital ? "Reprendre les questions" : answered || q.hasAttribute("data-required") ? "Continuer" : "Passer cette question";
      clear.hidden = !shownBlocks(q).some(isAnswered) || q.dataset.kind === "text";
      const blocks = shownBlocks(q);
      const turn = blocks.find((one) => one.contains(document.activeElement)) ?? blocks.find((one) => !isAnswered(one)) ?? blocks[0];
      for (const one of blocks) one.toggleAttribute("data-active", one === turn);
      const title = q.previousElementSibling?.classList.contains("script-section") ? q.previousElementSibling : null;
      title?.toggleAttribute("data-later", passed);
      if (q === active) passed = true;
    }
    // A section whose questions are all out of play has nothing to announce.
    for (const title of form.querySelectorAll(".script-section")) title.toggleAttribute("data-off", !sectionHasQuestion(title));
    mark();
    return active;
  }

  function sectionHasQuestion(title) {
    for (let one = title.nextElementSibling; one && !one.classList.contains("script-section"); one = one.nextElementSibling)
      if (one.classList.contains("q") && inPlay(one)) return true;
    return false;
  }

  // Where one stands: what the digits of the keyboard answer.
  const here = () => document.activeElement?.closest?.(".stop") ?? visible().find((q) => !isDone(q)) ?? visible().at(-1);
  function mark() {
    const current = here();
    for (const one of form.querySelectorAll(".stop")) one.toggleAttribute("data-here", one === current);
  }
  form.addEventListener("focusin", mark);

  // In sight between the two bars, without moving the page for nothing.
  function bring(element) {
    const top = form.querySelector(".call-top")?.getBoundingClientRect().bottom ?? 0;
    const bottom = form.querySelector(".call-bar")?.getBoundingClientRect().top ?? innerHeight;
    const box = element.getBoundingClientRect();
    if (box.top >= top && box.bottom <= bottom) return;
    element.scrollIntoView({ block: box.height > bottom - top - 60 ? "start" : "center" });
  }

  function goTo(stop) {
    const field = stop.matches(".q") ? shownBlocks(stop).find((one) => !isAnswered(one)) : null;
    // Two people: the one who has not answered yet.
    const target = field && shownBlocks(stop).length > 1 ? field : stop;
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
    bring(stop);
    fold();
  }

  function goOn(q) {
    finished.add(q);
    const opened = chosenOf(q).map((input) => input.dataset.opens).filter(Boolean);
    fold();
    const list = stops();
    const panel = list.find((one) => opened.includes(one.dataset.panel));
    const after = list.slice(list.indexOf(q) + 1);
    const next = panel ?? after.find((one) => one.matches(".q") ? !isDone(one) : !one.querySelector("input:checked"));
    if (next) goTo(next);
    else {
      ending.focus({ preventScroll: true });
      if (phone.matches) ending.parentElement.scrollIntoView({ block: "start" });
      else bring(ending.parentElement);
    }
  }

  function answered(q) {
    if (!isVital(q)) return goOn(q);
    finished.delete(q);
    goTo(q);
  }

  function reopen(q) {
    finished.delete(q);
    fold();
  }

  form.addEventListener("click", (event) => {
    const q = event.target.closest(".q");
    if (event.target.closest("[data-reopen]")) {
      reopen(q);
      const field = (which) => q.querySelector(`.answer:not([data-off]) ${which}`);
      (field("input:checked") ?? field(":is(input, textarea)"))?.focus({ preventScroll: true });
      bring(q);
    } else if (event.target.closest("[data-go-on]")) {
      goOn(q);
    } else if (event.target.closest("[data-clear]")) {
      for (const input of q.querySelectorAll("input")) input.checked = false;
      finished.delete(q);
      q.focus({ preventScroll: true });
      changed(q);
    }
    // The second half of a double click would answer the question that has just come under the finger.
    if (q && event.detail > 1 && event.target.closest(".choice") && q.dataset.kind === "single") event.preventDefault();
    // A tap on an answer goes on to the next question; keys only choose.
    else if (q && event.detail > 0 && event.target.matches?.("input[type=radio]") && isComplete(q)) answered(q);
    else if (q && event.detail > 0 && event.target.matches?.("input[type=radio]")) goTo(q);
  });

  // Leaving an answered question folds it; never under a finger that is still down, which would miss its target.
  let pressed = false;
  document.addEventListener("pointerdown", () => (pressed = true));
  for (const end of ["pointerup", "pointercancel"])
    document.addEventListener(end, () => setTimeout(() => ((pressed = false), fold())));
  form.addEventListener("focusout", (event) => {
    const q = event.target.closest(".q"), to = event.relatedTarget;
    if (!q || !to || !form.contains(to) || q.contains(to) || to.closest(".call-top, .call-bar, .call-help")) return;
    if (q.dataset.kind !== "text" && !finished.has(q) && isComplete(q) && !isVital(q)) {
      finished.add(q);
      if (!pressed) requestAnimationFrame(fold);
    }
  });

  function changed(target) {
    onChange(target);
    branch();
  }
  form.addEventListener("input", (event) => changed(event.target));
  form.addEventListener("change", (event) => changed(event.target));

  // Keyboard: physical digits (the French row needs no shift), arrows, Ctrl+Enter ------------------------------
  const isTyping = (element) => element.matches?.("textarea, select, input:not([type=radio], [type=checkbox])");
  document.addEventListener("keydown", (event) => {
    const target = event.target;
    // Enter on an answer goes on: it must not send the form.
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && target.matches?.(".stop input:is([type=radio], [type=checkbox])")) {
      event.preventDefault();
      const q = target.closest(".q");
      if (q && (isComplete(q) || !q.hasAttribute("data-required"))) goOn(q);
      return;
    }
    // Out of a panel (when to call back, how often): back to the answer that opened it.
    const panel = event.key === "Escape" && target.closest?.(".panel[data-panel]");
    if (panel) {
      let asked = panel.previousElementSibling;
      while (asked && !asked.matches(".q")) asked = asked.previousElementSibling;
      if (asked) asked.querySelector("[data-reopen]").click();
      return;
    }
    if (!form.hasAttribute("data-shortcuts") || event.altKey) return;
    if (event.ctrlKey || event.metaKey) {
      if (event.key === "Enter") {
        event.preventDefault();
        form.requestSubmit(form.querySelector("[data-record]"));
      }
      return;
    }
    if (isTyping(target) || document.querySelector("dialog[open], :popover-open:not(.call-help)")) return;
    const stop = here();
    if (!stop) return;
    const digit = event.code.match(/^(?:Digit|Numpad)([1-9])$/);
    if (digit) answer(event, stop, Number(digit[1]) - 1);
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !event.shiftKey) {
      const list = stops();
      // From outside the conversation, the arrows enter it where one stands.
      const next = target.closest?.(".stop") ? list[list.indexOf(stop) + (event.key === "ArrowDown" ? 1 : -1)] : stop;
      if (!next) return;
      event.preventDefault();
      if (stop.matches(".q") && isComplete(stop) && stop !== next) finished.add(stop);
      finished.delete(next);
      fold();
      goTo(next);
    }
  });

  function answer(event, stop, index) {
    const blocks = stop.matches(".q") ? shownBlocks(stop) : [stop];
    const one = blocks.find((b) => b.contains(event.target)) ?? blocks.find((b) => !isAnswered(b)) ?? blocks[0];
    const input = one && [...one.querySelectorAll(".choice:has(.digit) input")][index];
    if (!input) return;
    event.preventDefault();
    input.checked = input.type === "checkbox" ? !input.checked : true;
    changed(input);
    if (!stop.matches(".q") || input.type === "checkbox") input.focus({ preventScroll: true });
    else if (isComplete(stop)) answered(stop);
    else goTo(stop);
  }

  // What remains of each field for words -----------------------------------------------------------------------
  for (const counter of form.querySelectorAll("[data-counter]")) {
    const field = form.querySelector(`textarea[name="${CSS.escape(counter.dataset.counter)}"]`);
    const count = () => {
      const left = field.maxLength - field.value.length;
      counter.textContent = left < 2 ? `${left} caractère restant.` : `${left} caractères restants.`;
    };
    field.addEventListener("input", count);
    count();
  }

  phone.addEventListener("change", fold);
  // Questions answered before a reload are behind us, and those skipped before them too.
  const last = visible().filter((q) => shownBlocks(q).some(isAnswered)).at(-1);
  for (const q of visible().slice(0, last ? visible().indexOf(last) + 1 : 0)) {
    const wrong = q.querySelector("[aria-invalid=true]");
    if (!wrong && !(q === last && isVital(q)) && (!q.hasAttribute("data-required") || isComplete(q))) finished.add(q);
  }
  branch();
  return { bring, changed, phone };
};
