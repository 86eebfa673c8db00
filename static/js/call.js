/* The call page: branching, autosave, heartbeat, alert, keyboard. Without it the page still records a call:
   every question is in view and the server follows the branching. Nothing is kept in the browser. */
"use strict";

(() => {
  const form = document.getElementById("call-form");
  if (!form) return;
  document.documentElement.classList.add("js");
  const questions = [...form.querySelectorAll(".q")];
  const phone = matchMedia("(max-width: 61.99rem)");
  const $ = (id) => document.getElementById(id);
  const cookie = () => document.cookie.split("; ").find((part) => part.startsWith("csrftoken="))?.slice(10) ?? "";

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
        const shown = !state.outcome && isShown(q, person);
        one.toggleAttribute("data-off", !shown);
        if (!shown) continue;
        any = true;
        for (const { dataset } of chosenOf(one)) {
          if (dataset.need) state.needs.add(dataset.need);
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
    for (const consent of form.querySelectorAll("[data-consent]")) consent.toggleAttribute("data-off", !state.needs.has(consent.dataset.consent));
    form.querySelector("[data-consents]")?.toggleAttribute("data-off", !state.needs.size);
    const cadence = form.elements.cadence;
    if (cadence) {
      const said = [...cadence.options].find((option) => option.value && option.value === state.cadence);
      cadence.options[0].textContent = "Selon la réponse" + (said ? "\u00a0: " + said.textContent : "");
    }
    const other = form.querySelector("[data-other-moment]");
    if (other) other.toggleAttribute("data-off", !form.querySelector('[name=callback][value="other"]')?.checked);
    fold();
    return state;
  }

  // One question at a time on a phone -----------------------------------------------------------------
  const finished = new Set();
  let reopened = null;
  const visible = () => questions.filter((q) => !q.hasAttribute("data-off"));
  const shownBlocks = (q) => blocksOf(q).filter((one) => !one.hasAttribute("data-off"));
  const isDone = (q) => q !== reopened && (finished.has(q) || (q.dataset.kind === "single" && shownBlocks(q).every(isAnswered)));

  function sentence(q) {
    const said = q.querySelector(".q-said");
    const answers = shownBlocks(q).map((one) => {
      const texts = inputsOf(one).map((input) =>
        input.tagName === "TEXTAREA" ? input.value.trim() : input.checked ? input.closest(".choice").querySelector(".choice-label").textContent.trim() : "",
      ).filter(Boolean);
      const who = one.querySelector("legend:not(.visually-hidden)")?.textContent.trim();
      return (who ? who + "\u00a0: " : "") + (texts.join(", ") || "sans réponse");
    });
    const words = q.querySelector(".spoken")?.textContent.trim() ?? "";
    // The question itself is the last sentence of what is said.
    const asked = words.match(/[^.?!]*\?\s*$/)?.[0].trim() ?? words;
    said.replaceChildren(document.createTextNode(asked + " "));
    const strong = document.createElement("strong");
    strong.textContent = answers.join(" · ");
    said.append(strong);
  }

  function fold() {
    const list = visible();
    const active = list.find((q) => !isDone(q)) ?? null;
    let passed = false;
    for (const q of list) {
      const done = isDone(q);
      q.toggleAttribute("data-active", q === active);
      q.toggleAttribute("data-folded", done);
      q.toggleAttribute("data-later", passed);
      q.querySelector(".q-line").hidden = !done;
      if (done) sentence(q);
      const answered = shownBlocks(q).every(isAnswered);
      const go = q.querySelector("[data-go-on]"), clear = q.querySelector("[data-clear]");
      go.hidden = !phone.matches || (q.hasAttribute("data-required") && !answered);
      go.textContent = answered || q.hasAttribute("data-required") ? "Continuer" : "Passer cette question";
      clear.hidden = !shownBlocks(q).some(isAnswered) || q.dataset.kind === "text";
      const blocks = shownBlocks(q);
      const turn = blocks.find((one) => !isAnswered(one)) ?? blocks[0];
      for (const one of blocks) one.toggleAttribute("data-active", q === active && one === turn);
      const title = q.previousElementSibling?.classList.contains("script-section") ? q.previousElementSibling : null;
      title?.toggleAttribute("data-later", passed);
      if (q === active) passed = true;
    }
    // A section whose questions are all out of play has nothing to announce.
    for (const title of form.querySelectorAll(".script-section")) {
      const next = title.nextElementSibling;
      if (next?.hasAttribute("data-off") && !sectionHasQuestion(title)) title.setAttribute("data-off", "");
      else title.removeAttribute("data-off");
    }
    return active;
  }

  function sectionHasQuestion(title) {
    for (let one = title.nextElementSibling; one && !one.classList.contains("script-section"); one = one.nextElementSibling)
      if (one.classList.contains("q") && !one.hasAttribute("data-off")) return true;
    return false;
  }

  function goOn(q) {
    finished.add(q);
    if (reopened === q) reopened = null;
    const active = fold();
    if (phone.matches) (active ?? form.querySelector(".ending")).scrollIntoView({ block: "center" });
    return active;
  }

  form.addEventListener("click", (event) => {
    const q = event.target.closest(".q");
    if (event.target.closest("[data-reopen]")) {
      finished.delete(q);
      reopened = q;
      fold();
      q.querySelector("input, textarea")?.focus();
    } else if (event.target.closest("[data-go-on]")) {
      const active = goOn(q);
      (active?.querySelector("input:checked, input, textarea") ?? $("comment")).focus({ preventScroll: true });
    } else if (event.target.closest("[data-clear]")) {
      for (const input of q.querySelectorAll("input")) input.checked = false;
      finished.delete(q);
      reopened = q;
      changed(q);
    }
    const dial = event.target.closest("[data-dial]");
    const radio = dial && form.querySelector(`[name=phone_id][value="${dial.dataset.dial}"]`);
    if (radio?.type === "radio" && !radio.checked) {
      radio.checked = true;
      changed(radio);
    }
    // A tap on a single answer goes on to the next question; the keyboard's arrows only choose.
    if (q && event.detail > 0 && event.target.matches?.("input[type=radio]")) {
      if (shownBlocks(q).every(isAnswered)) goOn(q);
    }
  });

  // Saving as one types -----------------------------------------------------------------------------------
  const state = $("save-state");
  const DELAY = 900, RETRY = 4000, BEAT = 60000;
  let timer = 0, dirty = false, saving = null, stopped = false;

  function say(kind, text) {
    state.dataset.state = kind;
    state.querySelector("[data-said]").textContent = text;
  }

  function changed(target) {
    dirty = true;
    if (stopped) return;
    const urgent = target?.dataset?.alert !== undefined && target.checked;
    clearTimeout(timer);
    timer = setTimeout(save, urgent ? 0 : DELAY);
    branch();
  }

  const body = () => {
    const data = new FormData(form);
    data.set("csrfmiddlewaretoken", cookie());
    data.delete("reason");
    return new URLSearchParams(data);
  };

  async function post(url, data, headers = {}) {
    const response = await fetch(url, {
      method: "POST", body: data, credentials: "same-origin", signal: AbortSignal.timeout(15000),
      headers: { "X-CSRFToken": cookie(), "X-Requested-With": "fetch", ...headers },
    });
    if (response.redirected && new URL(response.url).pathname.startsWith(form.dataset.login)) {
      throw Object.assign(new Error("signed out"), { signedOut: true });
    }
    return response;
  }

  function save() {
    clearTimeout(timer);
    if (stopped) return Promise.resolve(false);
    saving = (saving ?? Promise.resolve()).then(saveOnce);
    return saving;
  }

  async function saveOnce() {
    if (!dirty || stopped) return !stopped;
    dirty = false;
    try {
      const response = await post(form.dataset.save, body());
      if (response.status === 409) {
        const answer = await response.json();
        stopped = true;
        say("unsaved", "cette page ne s'enregistre plus");
        notice(answer.notice);
        return false;
      }
      if (!response.ok) throw new Error(String(response.status));
      const answer = await response.json();
      say("saved", answer.saved);
      $("follows").innerHTML = answer.follows;
      if ($("warnings").innerHTML !== answer.warnings) $("warnings").innerHTML = answer.warnings;
      notice(answer.notice);
      if (answer.alert) $("alert-box").innerHTML = answer.alert;
      return true;
    } catch (error) {
      dirty = true;
      if (error.signedOut) signIn();
      else say("unsaved", "non enregistré, nouvelle tentative");
      clearTimeout(timer);
      timer = setTimeout(save, RETRY);
      return false;
    }
  }

  // Fragments come from our own server, escaped by its templates.
  function notice(html) {
    if ($("notice").innerHTML.trim() !== (html || "").trim()) $("notice").innerHTML = html || "";
  }

  function signIn() {
    say("unsaved", "non enregistré\u00a0: votre session est terminée");
    if ($("notice").querySelector("[data-sign-in]")) return;
    const line = document.createElement("div");
    line.className = "alert alert-warning";
    const link = document.createElement("a");
    link.href = form.dataset.login;
    link.target = "_blank";
    link.dataset.signIn = "";
    link.textContent = "Reconnectez-vous dans un autre onglet";
    line.append(link, " puis revenez ici\u00a0: rien n'est perdu, l'enregistrement reprend seul.");
    $("notice").replaceChildren(line);
  }

  form.addEventListener("input", (event) => changed(event.target));
  form.addEventListener("change", (event) => changed(event.target));
  window.addEventListener("online", save);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && dirty && !stopped) save();
  });

  // The open page holds its case; nobody's activity is counted.
  setInterval(async () => {
    if (stopped) return;
    try {
      const response = await post(form.dataset.heartbeat, "", { "X-Background": "1" });
      const answer = response.ok ? await response.json() : null;
      if (answer && !answer.held) notice(answer.notice);
    } catch (error) {
      if (error.signedOut) signIn();
    }
  }, BEAT);

  // The alert goes at once, the page stays ----------------------------------------------------------------
  const alertButton = form.querySelector("[data-alert-button]");
  alertButton.addEventListener("click", async (event) => {
    event.preventDefault();
    if (alertButton.disabled) return;
    alertButton.disabled = true;
    try {
      const response = await post(form.dataset.alertUrl, body());
      if (!response.ok) throw new Error(String(response.status));
      $("alert-box").innerHTML = await response.text();
      dirty = false;
    } catch {
      // The network failed: say what to do without it. The help holds the numbers.
      const line = document.createElement("div");
      line.className = "alert alert-danger";
      line.setAttribute("role", "alert");
      line.textContent = "L'alerte n'est pas partie\u00a0: le réseau est coupé. Appelez l'astreinte ou le 15 depuis l'aide, puis réessayez.";
      $("alert-box").replaceChildren(line);
    }
    alertButton.disabled = false;
    scrollTo({ top: 0 });
    if (phone.matches && $("aide").hidePopover) $("aide").hidePopover();
  });

  // Recording: first make sure that the network and the session are there ------------------------------------
  let sure = false;
  form.addEventListener("submit", async (event) => {
    if (sure) return;
    event.preventDefault();
    const submitter = event.submitter;
    dirty = true;
    for (const button of form.querySelectorAll("[type=submit]")) button.setAttribute("aria-disabled", "true");
    const kept = stopped || (await save());
    for (const button of form.querySelectorAll("[type=submit]")) button.removeAttribute("aria-disabled");
    if (!kept) {
      state.scrollIntoView({ block: "nearest" });
      return;
    }
    form.elements.csrfmiddlewaretoken.value = cookie() || form.elements.csrfmiddlewaretoken.value;
    sure = true;
    form.requestSubmit(submitter);
  });
  window.addEventListener("pageshow", (event) => {
    sure = false;
    if (event.persisted) location.reload();
  });

  // Keyboard: physical digits (unshifted on every layout), arrows, Ctrl+Enter --------------------------------
  const isTyping = (element) => element.matches("textarea, select, input:not([type=radio], [type=checkbox])");
  document.addEventListener("keydown", (event) => {
    if (!form.hasAttribute("data-shortcuts") || event.altKey || event.metaKey) return;
    if (event.ctrlKey) {
      if (event.key === "Enter") {
        event.preventDefault();
        form.requestSubmit(form.querySelector("[data-record]"));
      }
      return;
    }
    if (event.shiftKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const list = visible();
    const here = event.target.closest?.(".q") ?? form.querySelector(".q[data-active]") ?? list.at(-1);
    if (!here) return;
    const digit = event.code.match(/^(?:Digit|Numpad)([1-9])$/);
    if (digit) {
      const blocks = shownBlocks(here);
      const one = event.target.closest?.(".answer") ?? blocks.find((b) => !isAnswered(b)) ?? blocks[0];
      const input = one && [...one.querySelectorAll("input")][Number(digit[1]) - 1];
      if (!input) return;
      event.preventDefault();
      input.checked = input.type === "checkbox" ? !input.checked : true;
      input.focus({ preventScroll: true });
      changed(input);
      if (here.dataset.kind === "single" && shownBlocks(here).every(isAnswered)) {
        const next = visible()[visible().indexOf(here) + 1];
        if (next) focusOn(next);
      }
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !event.target.matches("input[type=radio]:focus-visible:checked")) {
      const next = list[list.indexOf(here) + (event.key === "ArrowDown" ? 1 : -1)];
      if (!next) return;
      event.preventDefault();
      focusOn(next);
    }
  });

  function focusOn(q) {
    if (isDone(q) && phone.matches) {
      finished.delete(q);
      reopened = q;
      fold();
    }
    (q.querySelector(".answer:not([data-off]) input:checked") ?? q.querySelector(".answer:not([data-off]) input, .answer:not([data-off]) textarea"))?.focus({ preventScroll: true });
    q.scrollIntoView({ block: "center" });
  }

  // The counter of the comment ------------------------------------------------------------------------------
  const comment = $("comment"), counter = form.querySelector("[data-counter]");
  const count = () => (counter.textContent = `${comment.maxLength - comment.value.length} caractères restants.`);
  comment.addEventListener("input", count);
  count();

  phone.addEventListener("change", fold);
  // Questions answered before a reload are behind us, and those skipped before them too.
  const last = visible().filter((q) => shownBlocks(q).some(isAnswered)).at(-1);
  for (const q of visible().slice(0, last ? visible().indexOf(last) + 1 : 0)) {
    const wrong = q.querySelector("[aria-invalid=true]");
    if (!wrong && (!q.hasAttribute("data-required") || shownBlocks(q).every(isAnswered))) finished.add(q);
  }
  branch();
})();
