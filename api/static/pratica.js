/* Saves a draft of the page a few seconds after it changes; without it the buttons do the same. */
"use strict";
(() => {
  const form = document.querySelector("form[data-bozza]");
  if (!form) return;
  const said = document.createElement("p");
  said.className = "bozza";
  said.setAttribute("role", "status");
  form.querySelector(".avanti-indietro").before(said);
  let waiting = 0, changed = false, sending = false, stopped = false;
  async function save() {
    if (!changed || stopped) return;
    if (sending) return later(1000);
    sending = true;
    changed = false;
    const data = new FormData(form);
    data.set("azione", "bozza");
    try {
      const answer = await fetch(form.action, {
        method: "POST", body: new URLSearchParams(data), keepalive: true, headers: { Accept: "application/json" },
      });
      if (answer.status === 409) {
        stopped = true;
        said.textContent = "Un'altra persona ha salvato questa pratica: premi «Salva richiesta» per scegliere che cosa tenere. Qui non si perde niente.";
      } else if (!answer.ok || answer.redirected) {
        later();
        said.textContent = "La bozza non si è potuta salvare. Ciò che hai scritto è ancora qui: riprova con «Salva richiesta».";
      } else {
        form.elements.revisione.value = (await answer.json()).revisione;
        said.textContent = "Bozza salvata alle " + new Date().toLocaleTimeString("it-IT", { hour: "2-digit", minute: "2-digit" }) + ".";
      }
    } catch {
      later();
      said.textContent = "Non c'è collegamento: la bozza non è salvata. Ciò che hai scritto è ancora qui: non chiudere la pagina, si riprova da sé fra poco.";
    }
    sending = false;
  }
  function later(after = 15000) {
    changed = true;
    clearTimeout(waiting);
    waiting = setTimeout(save, after);
  }
  form.addEventListener("input", () => later(4000));
  form.addEventListener("submit", () => { stopped = true; });
  window.addEventListener("pageshow", () => { stopped = false; });  // back from a save that did not arrive
  window.addEventListener("online", save);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") save(); });
})();
