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
    if (!changed || sending || stopped) return;
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
      } else if (!answer.ok) {
        changed = true;
        said.textContent = "La bozza non si è potuta salvare. Ciò che hai scritto è ancora qui: riprova con «Salva richiesta».";
      } else {
        form.elements.revisione.value = (await answer.json()).revisione;
        said.textContent = "Bozza salvata alle " + new Date().toLocaleTimeString("it-IT", { hour: "2-digit", minute: "2-digit" }) + ".";
      }
    } catch {
      changed = true;
      said.textContent = "Non c'è collegamento: la bozza non è salvata. Ciò che hai scritto è ancora qui.";
    }
    sending = false;
  }
  form.addEventListener("input", () => {
    changed = true;
    clearTimeout(waiting);
    waiting = setTimeout(save, 4000);
  });
  form.addEventListener("submit", () => { stopped = true; });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") save(); });
})();
