// The tools of an article: text size (the accessible mode's toolbar), print, copy the link or share it, QR code.
// The buttons and their words stand in the page (parts/page-tools.html); qr.js is fetched when it is wanted.
{
  const tools = document.querySelector(".page-tools");
  const status = tools.querySelector("[role=status]");
  // “Copied”, “copying is refused”, the code's name, “Share”.
  const words = tools.dataset.words.split("|");
  const address = document.querySelector("link[rel=canonical]").href;
  let code;

  const draw = (qrcode) => {
    const qr = qrcode(0, "M");
    qr.addData(address);
    qr.make();
    const size = qr.getModuleCount();
    let path = "";
    for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) if (qr.isDark(y, x)) path += `M${x} ${y}h1v1h-1z`;
    const figure = document.createElement("figure");
    // Four modules of white around it, as ISO/IEC 18004 asks, whatever the colours of the page are.
    const side = size + 8;
    figure.className = "page-qr";
    figure.innerHTML = `<svg viewBox="-4 -4 ${side} ${side}" role="img"><path d="M-4-4h${side}v${side}h-${side}z" fill="#fff"/><path d="${path}"/></svg><figcaption></figcaption>`;
    figure.firstChild.setAttribute("aria-label", words[2]);
    figure.lastChild.textContent = address;
    tools.append(figure);
    return figure;
  };
  const toggle = (button) => {
    code.hidden = !code.hidden;
    button.setAttribute("aria-expanded", String(!code.hidden));
  };

  const acts = {
    size() { document.querySelector(".accessible-link").click(); },
    print() { window.print(); },
    // Closed by the visitor: nothing is to be said.
    share() { navigator.share({ title: document.title, url: address }).catch(() => {}); },
    copy() {
      const told = () => { status.textContent = words[1] + " " + address; };
      if (!navigator.clipboard) return told();
      navigator.clipboard.writeText(address).then(() => { status.textContent = words[0]; }, told);
    },
    qr(button) {
      if (code) return toggle(button);
      import(tools.dataset.qr).then((library) => {
        code = code || draw(library.qrcode);
        code.hidden = true;
        toggle(button);
      });
    },
  };
  for (const button of tools.querySelectorAll("button")) {
    const name = button.name;
    if (name === "size" && !document.querySelector(".accessible-link")) button.disabled = true;
    // A phone's own sheet can copy too; one button more would move the page.
    if (name === "copy" && navigator.share) {
      button.name = "share";
      button.textContent = words[3];
    }
    button.addEventListener("click", () => acts[button.name](button));
  }
  tools.classList.add("ready");
}
