#!/usr/bin/python3
"""Opens a page in a real Chromium, and prints what a person and the browser's own tools would see of it, as JSON.

  browser.py URL WIDTH HEIGHT light|dark|print [SCREENSHOT.png]

Told: `console` (each message, refusals of the Content-Security-Policy among them), `exceptions`, `requests` (all that was
asked for), `width` and `scrollWidth`, `text` (what is seen), `wide` (elements that stick out), `contrast` (texts whose
contrast to what is behind them is below WCAG's AA), `unnamed` (images without a name for who does not see them), `lost`
(references to what is not on the page, and ids that stand on it twice).
"""
import base64
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile

LOOK = r"""
(() => {
  const shown = e => e.checkVisibility();
  const wide = [...document.querySelectorAll("body *")].filter(e => shown(e) && !e.closest(".wide, svg") && e.getBoundingClientRect().right > innerWidth + .5)
    .map(e => e.tagName + "." + e.className).slice(0, 9);
  const parse = c => { const n = (c.match(/[\d.]+/g) || []).map(Number); return { r: n[0], g: n[1], b: n[2], a: n.length > 3 ? n[3] : 1 }; };
  const light = c => { const f = v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }; return .2126 * f(c.r) + .7152 * f(c.g) + .0722 * f(c.b); };
  const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a > .99) return c; } return { r: 255, g: 255, b: 255 }; };
  const contrast = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n; (n = walker.nextNode());) {
    const e = n.parentElement;
    if (!n.data.trim() || !shown(e) || e.closest("svg, script")) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) contrast.add(ratio.toFixed(2) + " " + e.tagName + "." + e.className);
  }
  const unnamed = [...document.querySelectorAll("svg, img")].filter(e => e.getAttribute("aria-hidden") != "true" && !(e.getAttribute("role") == "img" && e.getAttribute("aria-label"))).length;
  const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
  const references = [...document.querySelectorAll("[aria-labelledby], [href^='#']")].map(e => (e.getAttribute("aria-labelledby") || e.getAttribute("href").slice(1)));
  const lost = [...references.filter(id => !ids.includes(id)), ...ids.filter((id, i) => ids.indexOf(id) != i)];
  const old = document.getElementById("old");
  return { width: innerWidth, scrollWidth: document.scrollingElement.scrollWidth, wide, contrast: [...contrast], unnamed, lost,
    text: document.body.innerText, title: document.title, scripts: document.scripts.length, isOld: !!old && !old.hidden,
    headings: [...document.querySelectorAll("h1, h2, h3")].map(e => e.tagName.toLowerCase()),
    background: getComputedStyle(document.body).backgroundColor };
})()
"""


class Browser:
    """One page of a Chromium, spoken to over its pipe: what it is told on descriptor 3, what it tells on 4."""

    def __init__(self, folder):
        told, self.tell = os.pipe()
        self.hear, said = os.pipe()

        def descriptors():
            # By way of high numbers: one of the two may be 3 or 4 already.
            high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10) for descriptor in (told, said)]
            for descriptor, number in zip(high, (3, 4)):
                os.dup2(descriptor, number)

        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--hide-scrollbars", "--disable-gpu",
             "--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage", f"--user-data-dir={folder}",
             "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False,
            preexec_fn=descriptors, env={**os.environ, "HOME": folder})
        os.close(told)
        os.close(said)
        self.number, self.rest, self.events, self.session = 0, b"", [], None

    def read(self):
        while b"\0" not in self.rest:
            more = os.read(self.hear, 1 << 20)
            if not more:
                raise SystemExit("chromium ended")
            self.rest += more
        line, _, self.rest = self.rest.partition(b"\0")
        return json.loads(line)

    def ask(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.tell, json.dumps(message).encode() + b"\0")
        while (answer := self.read()).get("id") != self.number:
            self.events.append(answer)
        if "error" in answer:
            raise SystemExit(f"{method}: {answer['error']}")
        return answer["result"]

    def wait(self, method):
        while not any(event["method"] == method for event in self.events):
            self.events.append(self.read())

    def told(self, method):
        return [event["params"] for event in self.events if event["method"] == method]


def look(url, width, height, scheme, picture=None):
    folder = tempfile.mkdtemp(prefix="oneshot-browser-")
    browser = Browser(folder)
    try:
        target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        browser.session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            browser.ask(domain + ".enable")
        browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        media = "print" if scheme == "print" else "screen"
        browser.ask("Emulation.setEmulatedMedia", media=media,
                    features=[{"name": "prefers-color-scheme", "value": "dark" if scheme == "dark" else "light"}])
        browser.events.clear()
        browser.ask("Page.navigate", url=url)
        browser.wait("Page.loadEventFired")
        found = browser.ask("Runtime.evaluate", expression=LOOK, returnByValue=True)["result"]["value"]
        if picture:
            shot = browser.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip={
                "x": 0, "y": 0, "width": width, "scale": 1,
                "height": browser.ask("Page.getLayoutMetrics")["cssContentSize"]["height"]})
            with open(picture, "wb") as file:
                file.write(base64.b64decode(shot["data"]))
        found["console"] = [m["entry"]["text"] for m in browser.told("Log.entryAdded")] + [
            " ".join(str(a.get("value", a.get("description"))) for a in m["args"]) for m in browser.told("Runtime.consoleAPICalled")]
        found["exceptions"] = [m["exceptionDetails"]["text"] for m in browser.told("Runtime.exceptionThrown")]
        found["issues"] = [m["issue"]["code"] for m in browser.told("Audits.issueAdded")]
        found["requests"] = [m["request"]["url"] for m in browser.told("Network.requestWillBeSent")]
        return found
    finally:
        browser.process.kill()
        browser.process.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    print(json.dumps(look(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])))
