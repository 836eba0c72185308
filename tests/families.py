"""Invented families for the tests of the desk and for its pictures."""

from __future__ import annotations

NAMES = ("Zaira Provaluna", "Ubaldo Provaluna", "Ottavia Provaluna", "Nestore Provaluna", "Iside Provaluna")
SERVICE = "contributo-autonomia"
#: Five people whose rent is not at risk as far as anybody knows: all is known, and there is a ground against them.
FIVE = {
    "richiedente.nome": "Zaira",
    "richiedente.cognome": "Provaluna",
    "richiedente.nascita": "12/05/1984",
    "richiedente.indirizzo": "Via Inventata 1",
    "giorno_della_domanda": "01/03/2026",
    "comune_residenza": "Palermo",
    "circoscrizione": "I",
    "cittadinanza": "italiana",
    "isee": "7.500,00",
    "ordinanza_sgombero": "no",
    "alloggio_insalubre": "no",
    "alloggio_sovraffollato": "no",
    "coabitazione_impropria": "no",
    "occupazione_senza_titolo": "no",
    "rischio_perdita_alloggio": "no",
    "rischio_perdita_alloggio.motivazione": "Il proprietario ha scritto che rinnova il contratto.",
    "contratto_affitto": "sì",
    "canone_mensile": "400,00",
    "spese_utenze_annue": "900,00",
    "annualita_gia_avute": "0",
    "adesione_progetto": "sì",
    "componenti.righe": "1 2 3 4 5",
    "componenti.completo": "sì",
    **{f"componenti.{row}.persona": name for row, name in enumerate(NAMES, 1)},
    **{f"componenti.{row}.{what}": "no" for row in range(1, 6) for what in ("perdita_lavoro", "riduzione_reddito")},
}
#: Other names for the same answers.
FINTOMARE = {"richiedente.nome": "Ubaldo", "richiedente.cognome": "Fintomare"}
ESEMPIOVERO = {"richiedente.nome": "Ottavia", "richiedente.cognome": "Esempiovero"}
LONG = "Maria Immacolata Concetta Addolorata Finticognomi-Lunghissimievidentementeinventati"
#: Nine people with long names, of whom little is known.
NINE = {
    "richiedente.nome": LONG,
    "richiedente.cognome": "Dell'Inventatissima-Casadilontanononesistente",
    "componenti.righe": " ".join(str(row) for row in range(1, 10)),
    **{f"componenti.{row}.persona": f"{LONG} {row}" for row in range(1, 10)},
    "comune_residenza": "Lampedusa e Linosa",
}
#: The same family, with answers that nobody can read.
WRONG = {**FIVE, "isee": "16859.34", "comune_residenza": "Palemo" + "o" * 40, "richiedente.nascita": "ieri"}
