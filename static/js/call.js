/* The call page: autosave, heartbeat, two tabs, alert, recording; the conversation has its own file. Without it the page
   still records a call. Nothing is kept in the browser. */
"use strict";

(() => {
  const form = document.getElementById("call-form");
  if (!form) return;
  const $ = (id) => document.getElementById(id);
  const cookie = () => document.cookie.split("; ").find((part) => part.startsWith("csrftoken="))?.slice(10) ?? "";

  // Saving as one types -----------------------------------------------------------------------------------
  const state = $("save-state");
  const DELAY = 900, RETRY = 4000, BEAT = 60000, BEAT_ALERT = 15000;
  const UNREACHED = "Le réseau ne répond pas\u00a0: l'appel n'est pas encore enregistré. Rien n'est perdu, gardez cette page ouverte.";
  const FULL = "La plateforme ne peut rien enregistrer en ce moment\u00a0: l'appel n'est pas encore enregistré. Rien n'est perdu, gardez cette page ouverte et prévenez la coordination.";
  const AGAIN = "L'enregistrement fonctionne de nouveau, votre texte est gardé. Appuyez de nouveau sur le bouton du bas.";
  // asked: recording was asked for while the network was away.
  // full: the server answers that it can write nothing (a full disk, a database that is away, an upgrade).
  let timer = 0, dirty = false, saving = null, stopped = false, asked = false, full = false;

  // Said once: a screen reader repeats whatever is written again.
  function write(element, text) {
    if (element && element.textContent !== text) element.textContent = text;
  }
  // What may be done about it is where one looks: the notice may be far above.
  function say(kind, text, way = null) {
    state.dataset.state = kind;
    write(state.querySelector("[data-said]"), text);
    const link = state.querySelector("[data-way-out]");
    link.hidden = !way;
    if (!way) return;
    [link.textContent, link.href, link.target] = way;
  }
  // Fragments come from our own server, escaped by its templates.
  function show(element, html) {
    if (element.innerHTML.trim() !== (html || "").trim()) element.innerHTML = html || "";
  }
  const notice = (html) => show($("notice"), html);

  function written(target) {
    dirty = true;
    if (stopped) return;
    const urgent = target?.dataset?.alert !== undefined && target.checked;
    if (urgent) save();
    // Never put off by the next letter: two seconds is the most that can be lost.
    else if (!timer) timer = setTimeout(save, DELAY);
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
      keepalive: document.visibilityState === "hidden",
      headers: { "X-CSRFToken": cookie(), "X-Requested-With": "fetch", ...headers },
    });
    // Nobody is signed in any more: the page stays, with what was typed.
    if (response.status === 401) throw Object.assign(new Error("signed out"), { signedOut: true });
    return response;
  }

  function again(action) {
    clearTimeout(timer);
    timer = setTimeout(action, RETRY);
  }

  function save() {
    clearTimeout(timer);
    timer = 0;
    if (stopped) return Promise.resolve(false);
    saving = (saving ?? Promise.resolve()).then(saveOnce);
    return saving;
  }

  async function saveOnce() {
    if (!dirty || stopped) return !stopped;
    dirty = false;
    full = false;
    try {
      const response = await post(form.dataset.save, body());
      full = response.status === 503;
      if (response.status === 409) {
        stop((await response.json()).notice);
        return false;
      }
      if (response.status === 404) {
        stop(line("warning", "Ce dossier n'est plus entre vos mains. Copiez ce que vous voulez garder, puis revenez à vos appels."));
        return false;
      }
      if (!response.ok) throw new Error(String(response.status));
      const answer = await response.json();
      if (!dirty) say("saved", answer.saved);
      show($("follows"), answer.follows);
      write(form.querySelector(".save-button [data-short]"), $("follows").querySelector("[data-short]")?.textContent ?? "");
      show($("warnings"), answer.warnings);
      notice(answer.notice || (asked ? line("info", AGAIN) : ""));
      if (answer.alert) raised(answer.alert);
      return true;
    } catch (error) {
      dirty = true;
      if (error.signedOut) signIn();
      else say("unsaved", full ? "non enregistré\u00a0: la plateforme ne peut rien écrire, nouvelle tentative" : "non enregistré, nouvelle tentative");
      again(save);
      return false;
    }
  }

  function line(kind, text) {
    const one = document.createElement("div");
    one.className = `alert alert-${kind}`;
    one.textContent = text;
    return one.outerHTML;
  }

  function stop(html) {
    stopped = true;
    clearTimeout(timer);
    say("unsaved", "cette page ne s'enregistre plus", ["voir pourquoi", "#notice", ""]);
    notice(html);
  }

  function signIn() {
    say("unsaved", "non enregistré\u00a0: votre session est terminée", ["se reconnecter", form.dataset.login, "_blank"]);
    if ($("notice").querySelector("[data-sign-in]")) return;
    const one = document.createElement("div");
    one.className = "alert alert-warning";
    const words = document.createElement("div");
    const link = document.createElement("a");
    link.href = form.dataset.login;
    link.target = "_blank";
    link.dataset.signIn = "";
    link.textContent = "Reconnectez-vous dans un autre onglet";
    words.append(link, " puis revenez ici\u00a0: rien n'est perdu, l'enregistrement reprend seul.");
    one.append(words);
    $("notice").replaceChildren(one);
  }

  window.addEventListener("online", save);
  window.addEventListener("offline", () => dirty && !stopped && say("unsaved", "non enregistré, nouvelle tentative"));
  // Both ways: the page goes (a call, another application), or it comes back (signed in elsewhere).
  document.addEventListener("visibilitychange", () => dirty && save());
  window.addEventListener("pagehide", () => dirty && save());
  window.addEventListener("beforeunload", (event) => {
    if (dirty && !sure && !stopped) event.preventDefault();
  });

  // Two tabs of one browser: the older is told at once. Elsewhere, the server tells it when it saves.
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("call") : null;
  const stamp = Number(form.elements.page.value);
  tabs?.postMessage({ id: form.dataset.case, stamp });
  tabs?.addEventListener("message", ({ data }) => {
    if (data.id === form.dataset.case && data.stamp > stamp && !stopped)
      stop(line("warning", "Ce dossier est ouvert dans un onglet plus récent. Continuez là-bas, ou rechargez cette page."));
  });

  // The open page holds its case; nobody's activity is counted. After an alert it says who takes it.
  async function beat() {
    if (!stopped) {
      try {
        const data = new URLSearchParams({ page: form.elements.page.value });
        if (!$("alert-strip").hidden) data.set("alert", "1");
        const response = await post(form.dataset.heartbeat, data, { "X-Background": "1" });
        if (response.status === 409) stop((await response.json()).notice);
        else if (response.ok) {
          const answer = await response.json();
          // Taken by another, or called by another too: whoever holds it is told as well.
          if (answer.notice !== undefined) notice(answer.notice);
          if (answer.alert) raised(answer.alert);
        }
      } catch (error) {
        if (error.signedOut) signIn();
      }
    }
    setTimeout(beat, $("alert-strip").hidden ? BEAT : BEAT_ALERT);
  }
  setTimeout(beat, BEAT);

  // The alert goes at once, the page stays ----------------------------------------------------------------
  function raised(html) {
    show($("alert-box"), html);
    const strip = $("alert-strip"), said = $("alert-box").querySelector("[data-strip]");
    strip.hidden = !said;
    write(strip.querySelector("[data-said]"), said?.textContent ?? "");
  }

  let retry = 0;
  async function raise() {
    clearTimeout(retry);
    try {
      const response = await post(form.dataset.alertUrl, body());
      if (!response.ok) throw Object.assign(new Error(String(response.status)), { answered: true });
      raised(await response.text());
      // What recording will do has changed too.
      dirty = true;
      save();
    } catch (error) {
      // Say what to do without the network, and try again.
      const box = document.createElement("div");
      box.className = "alert alert-danger alert-raised";
      box.dataset.vital = alertButton.dataset.alertButton;
      const words = document.createElement("div");
      const title = document.createElement("p");
      title.className = "h3";
      title.dataset.strip = "";
      title.textContent = "L'alerte n'est pas encore partie";
      const why = document.createElement("p");
      why.textContent = (error.signedOut ? "Votre session est terminée" : error.answered ? "La plateforme ne peut rien enregistrer" : "Le réseau ne répond pas") + "\u00a0: elle repartira seule. Sans attendre, appelez\u00a0:";
      words.append(title, why, form.querySelector("[data-emergency]").cloneNode(true));
      box.append(words);
      raised(box.outerHTML);
      if (error.signedOut) signIn();
      retry = setTimeout(raise, RETRY);
    }
  }
  const alertButton = form.querySelector("[data-alert-button]");
  alertButton.addEventListener("click", async (event) => {
    event.preventDefault();
    if (alertButton.getAttribute("aria-disabled")) return;
    alertButton.setAttribute("aria-disabled", "true");
    await raise();
    alertButton.removeAttribute("aria-disabled");
    if (phone.matches && $("aide").hidePopover) $("aide").hidePopover();
    scrollTo({ top: 0 });
    $("alert-box").focus({ preventScroll: true });
  });

  // Recording: first make sure that the network and the session are there ------------------------------------
  let sure = false;
  form.addEventListener("submit", async (event) => {
    if (sure) return;
    event.preventDefault();
    if (form.hasAttribute("aria-busy")) return;
    const submitter = event.submitter;
    dirty = true;
    form.setAttribute("aria-busy", "true");
    const kept = stopped || (await save());
    form.removeAttribute("aria-busy");
    if (!kept) {
      asked = true;
      if (!stopped && !$("notice").querySelector("[data-sign-in]")) notice(line("warning", full ? FULL : UNREACHED));
      bring($("notice"));
      return;
    }
    form.elements.csrfmiddlewaretoken.value = cookie() || form.elements.csrfmiddlewaretoken.value;
    sure = true;
    for (const word of submitter?.querySelectorAll("[data-word], .end-now") ?? []) write(word, "Enregistrement…");
    form.requestSubmit(submitter);
  });
  window.addEventListener("pageshow", (event) => {
    sure = false;
    if (event.persisted) location.reload();
  });

  const { bring, changed, phone } = window.conversation(form, written);
  form.addEventListener("click", (event) => {
    const dial = event.target.closest("[data-dial]");
    if (!dial) return;
    const radio = form.querySelector(`[name=phone_id][value="${dial.dataset.dial}"]`);
    if (radio?.type === "radio" && !radio.checked) {
      radio.checked = true;
      changed(radio);
    }
    // The phone's own screen takes over: the page may not come back.
    save();
  });
})();
