"""What is looked for in a page by machine: axe-core, words and controls that overlap, what spills over."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parents[1] / "node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
RUN = f"async () => (await axe.run(document, {{runOnly: {TAGS}}})).violations.map(v => v.id + ': ' + v.nodes[0].html)"
#: The screens at which a page is looked at, in CSS pixels, and how dense: one of 1280 at 200 % shows 640.
SCREENS = {"320": (320, 1), "768": (768, 1), "1280": (1280, 1), "1280 at 200%": (640, 2)}
#: Pairs of visible texts and controls, neither inside the other, whose boxes have more than a pixel in common.
OVERLAPS = """() => {
  const kinds = 'label, legend, input:not([type=hidden]), textarea, select, button, a, h1, h2, h3, p, dt, dd, summary';
  const shown = [...document.querySelectorAll(kinds + ', .segno, td, th')]
    .filter(e => e.checkVisibility() && !e.closest('.skip, .visually-hidden, [aria-hidden=true]'));
  const boxes = shown.map(e => [e, [...e.getClientRects()].filter(r => r.width > 2)]);
  const text = e => e.tagName + ' ' + e.textContent.trim().slice(0, 40);
  const found = [];
  boxes.forEach(([a, as], i) => boxes.slice(i + 1).forEach(([b, bs]) => {
    if (a.contains(b) || b.contains(a)) return;
    for (const r of as) for (const s of bs) {
      const width = Math.min(r.right, s.right) - Math.max(r.left, s.left);
      const height = Math.min(r.bottom, s.bottom) - Math.max(r.top, s.top);
      if (width > 1 && height > 1) found.push(text(a) + ' | ' + text(b));
    }
  }));
  return found;
}"""


def faults(page: Page) -> list[str]:
    """Return all that a machine finds wrong in the look of a page, on every screen in turn."""
    page.evaluate(AXE.read_text("utf-8"))
    session = page.context.new_cdp_session(page)
    found: list[str] = []
    for screen, (width, density) in SCREENS.items():
        metrics = {"width": width, "height": 900, "deviceScaleFactor": density, "mobile": False}
        session.send("Emulation.setDeviceMetricsOverride", metrics)
        assert page.evaluate("[innerWidth, devicePixelRatio]") == [width, density]
        found += [f"{screen}: {text}" for text in faults_at(page, width)]
    return found


def faults_at(page: Page, width: int) -> list[str]:
    """Return all that a machine finds wrong in the look of a page on the screen that it has."""
    found = [f"overlap: {text}" for text in page.evaluate(OVERLAPS)]
    if page.evaluate("document.documentElement.scrollWidth") > width:
        found.append(f"wider than {width}")
    return [*found, *page.evaluate(RUN)]
