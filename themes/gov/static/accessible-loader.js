// docs/accessible.md and ADR 0019: what every page needs.
{
  const root = document.documentElement;
  const link = document.querySelector(".accessible-link");
  const originals = new Map();

  const cookie = (name) => (RegExp("(?:^|; )" + name + "=(\\w+)").exec(document.cookie) || [])[1];

  const sheet = document.querySelector("[href='/_mode.css']");
  const showMode = () => {
    const mode = /^(elder|text|yellow)$/.test(cookie("mode")) ? "-" + cookie("mode") : "";
    if (getComputedStyle(root).getPropertyValue("--mode").trim() !== mode.slice(1)) sheet.href = `/_mode${mode}.css?`;
  };
  showMode();
  addEventListener("pageshow", showMode);
  // Where there is no web server; its domain, or there would be two cookies.
  addEventListener("click", (event) => {
    const to = event.target.closest("[href^='/_mode/']");
    if (!to) return;
    event.preventDefault();
    const mode = to.pathname.slice(7);
    const domain = link && link.dataset.domain;
    const shared = location.hostname.endsWith("." + domain) ? "; domain=" + domain : "";
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `mode=${mode}; path=/; max-age=${mode === "normal" ? 0 : 31536000}; samesite=lax${shared}${secure}`;
    location.reload();
  });

  const read = () => {
    let text = cookie("accessible");
    try { text = text || localStorage.getItem("accessible"); } catch (error) { /* forbidden */ }
    const state = {};
    (text || "").replace(/([a-z])(\d)/g, (all, name, digit) => { state[name] = +digit; });
    return state;
  };

  const reflow = (factor) => {
    for (const sheet of document.styleSheets) {
      if (sheet.href && sheet.href.endsWith(link.dataset.style)) continue;
      for (const rule of sheet.cssRules) {
        const media = rule.media;
        if (!media) continue;
        if (!originals.has(media)) originals.set(media, media.mediaText);
        const wanted = originals.get(media).replace(/(-width: *)([\d.]+)/g, (all, name, size) => name + size * factor);
        if (media.mediaText !== wanted) media.mediaText = wanted;
      }
    }
  };

  const show = (state) => {
    const on = state.o ? state : {};
    const text = 1 + (on.t || 0) / 5;
    const zoom = Math.max(1, Math.min(1 + (on.z || 0) / 4, root.clientWidth / 160 / text));
    const words = Object.keys(on).filter((name) => on[name]).map((name) => " " + name + on[name]);
    root.removeAttribute("data-accessible");
    reflow(text * zoom);
    const size = parseFloat(getComputedStyle(root).fontSize) * text + "px";
    const sizes = { size, text, zoom };
    for (const name in sizes) root.style.setProperty("--accessible-" + name, sizes[name]);
    if (words.length) root.setAttribute("data-accessible", words.join(""));
    link.setAttribute("aria-expanded", !!on.o);
  };

  const core = { link, root, read, show };
  let toolbar;
  const need = () => {
    if (!toolbar) {
      const sheet = document.createElement("link");
      const styled = new Promise((done) => { sheet.onload = sheet.onerror = done; });
      sheet.rel = "stylesheet";
      sheet.href = link.dataset.style;
      document.head.append(sheet);
      toolbar = Promise.all([import(link.dataset.script), styled]).then((loaded) => loaded[0].makeToolbar(core));
    }
    return toolbar;
  };

  const toggle = (event) => {
    event.preventDefault();
    need().then((one) => one.toggle(), () => { location.href = link.href; });
  };
  const restore = () => {
    core.state = read();
    if (!core.state.o && !toolbar) return;
    show(core.state);
    need().then((one) => one.restore());
  };
  if (link) {
    link.setAttribute("role", "button");
    link.setAttribute("aria-expanded", "false");
    link.addEventListener("click", toggle);
    link.addEventListener("keydown", (event) => { if (event.key === " ") toggle(event); });
    addEventListener("pageshow", (event) => { if (event.persisted) restore(); });
    restore();
  }
}
