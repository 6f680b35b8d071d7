// Accessible mode: the toolbar, what its buttons do, the caption bar, point and read, and reading the page aloud.
// Loaded by accessible-loader.js, which shows sizes and colours, when somebody opens the toolbar or had it open.
// Everything that is drawn stands in accessible.css. No word leaves the browser.

// What is remembered, a digit each; nothing or 0 is the page as it is for everybody.
//   o on   t text, fifths   z zoom, quarters   c colours   p plain text only   m large pointer   g guide lines
//   d point and read   b caption bar   s its script   v rate of speech, counted from 1   f folded
const MOST = { t: 5, z: 4, c: 4, s: 2, v: 6 };
const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2];
const USUAL_RATE = 3;
const YEAR = 31536000;
const LONGEST_WORD = 6;
const LONGEST_NAME = 300;
// A pointer that only passes over a line does not make it heard.
const REST = 250;

const WORDS = {
  bar: ["无障碍工具条", "Accessibility toolbar"],
  text: ["文字", "Text"],
  textLess: ["缩小文字", "Smaller text"],
  textMore: ["放大文字", "Larger text"],
  zoom: ["缩放", "Zoom"],
  zoomLess: ["缩小页面", "Zoom out"],
  zoomMore: ["放大页面", "Zoom in"],
  colours: ["配色", "Colours"],
  colours0: ["原来的颜色", "Usual colours"],
  colours1: ["白底黑字", "Black on white"],
  colours2: ["黑底白字", "White on black"],
  colours3: ["黑底黄字", "Yellow on black"],
  colours4: ["黄底蓝字", "Blue on yellow"],
  sample: ["字", "A"],
  view: ["显示", "View"],
  plain: ["纯文字", "Text only"],
  pointer: ["大光标", "Large pointer"],
  guide: ["辅助线", "Guide lines"],
  point: ["指读", "Point and read"],
  caption: ["大字幕", "Captions"],
  speech: ["朗读", "Read aloud"],
  read: ["朗读全文", "Read page"],
  pause: ["暂停", "Pause"],
  resume: ["继续", "Resume"],
  previous: ["上一段", "Previous"],
  next: ["下一段", "Next"],
  rate: ["语速", "Rate"],
  rateLess: ["减慢语速", "Slower speech"],
  rateMore: ["加快语速", "Faster speech"],
  more: ["其他", "More"],
  reset: ["重置", "Reset"],
  shortcuts: ["快捷键", "Shortcuts"],
  fold: ["收起", "Fold"],
  unfold: ["展开", "Unfold"],
  exit: ["退出", "Exit"],
  close: ["关闭", "Close"],
  focus: ["回到工具条", "Go to the toolbar"],
  nextColours: ["换一种配色", "Next colours"],
  nextScript: ["换字幕文字", "Next caption script"],
  on: ["已打开", "on"],
  off: ["已关闭", "off"],
  wasReset: ["已恢复原来的显示", "Everything is as usual again"],
  end: ["已读到末尾", "End of the page"],
  noVoice: ["此设备或浏览器没有可用的中文语音，无法朗读。可打开大字幕，或在系统设置中添加语音。",
    "No English voice here, so nothing can be read aloud. Captions work; the system's settings can add voices."],
  mayNot: ["浏览器要求先点按一次页面，才能朗读。", "The browser wants a click on the page before it speaks."],
  failed: ["朗读中断，请再试一次。", "Speech stopped. Please try again."],
  noTable: ["字幕转换表没有取到，请检查网络。", "The caption tables could not be fetched. Please check the network."],
  captionBar: ["大字幕", "Captions"],
  captionHint: ["把光标移到文字上，或用Tab键移动，这里会放大显示。", "Point at a text or move with Tab: it shows here in large letters."],
  script: ["字幕文字", "Caption script"],
  script0: ["简体", "Simplified"],
  script1: ["繁体", "Traditional"],
  script2: ["拼音", "Pinyin"],
  arrows: ["在工具条内移动", "Move within the toolbar"],
  A: ["链接", "link"],
  BUTTON: ["按钮", "button"],
  SUMMARY: ["按钮", "button"],
  IMG: ["图片", "picture"],
  INPUT: ["输入框", "field"],
  heading: ["标题", "heading"],
};

// Letters that neither Chrome, Firefox nor Safari uses with Alt and Shift; `code` of the key, whatever it types.
const SHORTCUTS = [
  ["Equal", "=", "textMore"], ["Minus", "-", "textLess"], ["Period", ".", "zoomMore"], ["Comma", ",", "zoomLess"],
  ["KeyC", "C", "nextColours"], ["KeyX", "X", "plain"], ["KeyP", "P", "pointer"], ["KeyG", "G", "guide"],
  ["KeyD", "D", "point"], ["KeyZ", "Z", "caption"], ["KeyS", "S", "nextScript"], ["KeyL", "L", "read"],
  ["KeyJ", "J", "previous"], ["KeyK", "K", "next"], ["BracketLeft", "[", "rateLess"], ["BracketRight", "]", "rateMore"],
  ["KeyR", "R", "reset"], ["KeyH", "H", "shortcuts"], ["KeyM", "M", "focus"], ["KeyQ", "Q", "exit"],
];
// A control of the toolbar that is switched on and off, and its letter.
const SWITCHES = { plain: "p", pointer: "m", guide: "g", point: "d", caption: "b" };
// Controls with steps, and theirs.
const STEPS = { text: "t", zoom: "z", rate: "v" };

const isEnglish = document.documentElement.lang.startsWith("en");
const COLON = isEnglish ? ": " : "：";
const word = (name) => WORDS[name][isEnglish ? 1 : 0];

const make = (tag, attributes, ...children) => {
  const element = document.createElement(tag);
  for (const name of Object.keys(attributes)) element.setAttribute(name, attributes[name]);
  element.append(...children);
  return element;
};

/** The toolbar of this page: `open`, `exit` and `toggle` by the citizen, `restore` by what was stored. */
export const makeToolbar = (core) => {
  const link = core.link;
  const root = core.root;
  const buttons = {};
  const values = {};
  const status = make("p", { role: "status", class: "accessible-status" });
  const tell = (text) => { status.textContent = text; };
  const speech = makeSpeech(tell, () => RATES[(core.state.v || USUAL_RATE) - 1], (state) => {
    buttons.read.textContent = word({ silent: "read", reading: "pause", paused: "resume" }[state]);
  });
  const captions = makeCaptions(link.dataset.captions, tell, (script) => set("s", script));
  const guide = makeGuide();
  const alternatives = makeAlternatives();
  const dialog = makeDialog();

  // ---- what a control does
  const set = (letter, value) => {
    core.state[letter] = value;
    keep(core.state, link.dataset.domain);
    show();
  };

  const step = (name, by) => {
    const letter = STEPS[name];
    const least = name === "rate" ? 1 : 0;
    const before = core.state[letter] || (name === "rate" ? USUAL_RATE : 0);
    set(letter, Math.min(MOST[letter], Math.max(least, before + by)));
    tell(`${word(name)} ${values[name].textContent}`);
    if (name === "rate") speech.again();
  };

  const choose = (colours) => {
    set("c", colours);
    tell(`${word("colours")} ${word("colours" + colours)}`);
  };

  const flip = (name) => {
    const isOn = !core.state[SWITCHES[name]];
    set(SWITCHES[name], isOn ? 1 : 0);
    tell(`${word(name)} ${word(isOn ? "on" : "off")}`);
    if (name === "point" && isOn) speech.ready();
    if (name === "point" && !isOn && speech.state() !== "reading") speech.stop();
  };

  const actions = {
    textLess: () => step("text", -1),
    textMore: () => step("text", 1),
    zoomLess: () => step("zoom", -1),
    zoomMore: () => step("zoom", 1),
    rateLess: () => step("rate", -1),
    rateMore: () => step("rate", 1),
    nextColours: () => choose(((core.state.c || 0) + 1) % (MOST.c + 1)),
    nextScript: () => { if (captions.hasScripts) captions.choose(((core.state.s || 0) + 1) % (MOST.s + 1)); },
    read: () => speech.toggle(),
    previous: () => speech.move(-1),
    next: () => speech.move(1),
    reset: () => {
      speech.stop();
      core.state = { o: 1 };
      set("o", 1);
      tell(word("wasReset"));
    },
    shortcuts: () => dialog.open(),
    fold: () => set("f", core.state.f ? 0 : 1),
    focus: () => stops()[0].focus(),
    exit: () => exit(),
  };
  for (const name of Object.keys(SWITCHES)) actions[name] = () => flip(name);
  for (let colours = 0; colours <= MOST.c; colours++) actions["colours" + colours] = () => choose(colours);

  // ---- what it looks like
  const button = (name, text, attributes) => {
    const one = make("button", { type: "button", tabindex: "-1", ...attributes }, text || word(name));
    one.addEventListener("click", actions[name]);
    buttons[name] = one;
    return one;
  };
  const group = (name, ...children) =>
    make("div", { role: "group", "aria-label": word(name), class: `accessible-group accessible-${name}` }, ...children);
  const label = (name) => make("span", { class: "accessible-label", "aria-hidden": "true" }, word(name));
  const steps = (name) => {
    values[name] = make("span", { class: "accessible-value", "aria-hidden": "true" });
    const named = (text) => ({ "aria-label": text, title: text });
    const end = (which, sign) => button(name + which, sign, named(word(name + which)));
    return [label(name), end("Less", "−"), values[name], end("More", "+")];
  };
  const colour = (number) => button("colours" + number, word("sample"), {
    "aria-label": word("colours" + number), title: word("colours" + number), class: "accessible-colour c" + number,
  });

  const bar = make("div", { role: "toolbar", "aria-label": word("bar"), id: "accessible-toolbar" },
    group("text", ...steps("text")),
    group("zoom", ...steps("zoom")),
    group("colours", label("colours"), ...[0, 1, 2, 3, 4].map(colour)),
    group("view", button("plain"), button("pointer"), button("guide"), button("caption"), button("point")),
    group("speech", button("read"), button("previous"), button("next")),
    group("rate", ...steps("rate")),
    group("more", button("reset"), button("shortcuts"), button("fold"), button("exit")),
    status);
  const region = make("section", { class: "accessible accessible-bar", "aria-label": word("bar") },
    make("div", { class: "accessible-wrap" }, bar), dialog.element);

  /** The buttons that the arrow keys reach. */
  const stops = () => Object.keys(buttons).map((name) => buttons[name]).filter((one) => one.offsetParent);

  const reach = (one) => {
    for (const other of Object.keys(buttons)) buttons[other].tabIndex = -1;
    one.tabIndex = 0;
  };

  const walk = (event) => {
    const all = stops();
    const at = all.indexOf(document.activeElement);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined || at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    all[(to + all.length) % all.length].focus();
  };
  bar.addEventListener("keydown", walk);
  bar.addEventListener("focusin", (event) => reach(event.target));
  const mark = (one, isOn) => one.setAttribute("aria-pressed", isOn ? "true" : "false");
  const end = (one, isAtEnd) => one.setAttribute("aria-disabled", isAtEnd ? "true" : "false");
  const show = () => {
    const state = core.state;
    core.show(state);
    if (!state.o) return;
    for (const name of Object.keys(SWITCHES)) mark(buttons[name], state[SWITCHES[name]]);
    for (let colours = 0; colours <= MOST.c; colours++) mark(buttons["colours" + colours], (state.c || 0) === colours);
    const now = { text: state.t || 0, zoom: state.z || 0, rate: state.v || USUAL_RATE };
    values.text.textContent = `${100 + now.text * 20}%`;
    values.zoom.textContent = `${(1 + now.zoom / 4).toFixed(2)}`;
    values.rate.textContent = `${RATES[now.rate - 1]}×`;
    for (const name of Object.keys(STEPS)) {
      end(buttons[name + "Less"], now[name] === (name === "rate" ? 1 : 0));
      end(buttons[name + "More"], now[name] === MOST[STEPS[name]]);
    }
    buttons.fold.textContent = word(state.f ? "unfold" : "fold");
    buttons.fold.setAttribute("aria-expanded", state.f ? "false" : "true");
    alternatives.show(!!state.p);
    guide.show(!!state.g);
    captions.show(!!state.b, state.s || 0);
    if (!stops().some((one) => one.tabIndex === 0)) reach(stops()[0]);
    measure();
  };

  /** How much of the window the toolbar covers, so that nothing focused or linked to lies behind it. */
  const measure = () => {
    const covers = getComputedStyle(region).position === "sticky" ? region.offsetHeight : 0;
    root.style.setProperty("--accessible-height", covers + "px");
  };

  // ---- opening and closing
  const point = (event) => {
    if (!core.state.o) return;
    guide.move(event);
    const target = event.type === "pointermove" ? null : readable(event.target);
    if (!target) return;
    if (core.state.b) captions.say(nameOf(target));
    if (core.state.d) speech.point(target, event.type === "focusin" ? 0 : REST);
  };

  const press = (event) => {
    if (!core.state.o || !event.altKey || !event.shiftKey || event.ctrlKey || event.metaKey) return;
    const shortcut = SHORTCUTS.find((row) => row[0] === event.code);
    if (!shortcut) return;
    event.preventDefault();
    actions[shortcut[2]]();
  };

  let width = innerWidth;
  const resize = () => {
    if (core.state.o && innerWidth !== width) show();
    width = innerWidth;
  };

  for (const name of ["pointermove", "pointerover", "focusin"]) document.addEventListener(name, point);
  document.addEventListener("keydown", press);
  addEventListener("resize", resize);
  addEventListener("pagehide", () => speech.stop());

  const enter = () => {
    // The cookie may hold anything.
    for (const letter of Object.keys(MOST)) core.state[letter] = Math.min(core.state[letter] || 0, MOST[letter]);
    document.body.insertBefore(region, document.querySelector(".skip").nextSibling);
    document.body.append(captions.element, guide.element);
    link.setAttribute("aria-controls", "accessible-toolbar");
    for (const name of ["arrow", "hand"]) root.style.setProperty("--accessible-" + name, `url(${link.dataset[name]})`);
    show();
  };

  const leave = () => {
    speech.stop();
    dialog.close();
    for (const element of [region, captions.element, guide.element]) element.remove();
    alternatives.show(false);
    root.style.removeProperty("--accessible-height");
    core.show(core.state);
  };

  const open = () => {
    core.state.o = 1;
    keep(core.state, link.dataset.domain);
    enter();
    stops()[0].focus();
  };

  const exit = () => {
    core.state.o = 0;
    keep(core.state, link.dataset.domain);
    leave();
    link.focus();
  };

  return {
    toggle: () => (core.state.o ? exit() : open()),
    restore: () => {
      if (!core.state.o) return leave();
      enter();
      if (core.state.d) speech.ready();
    },
  };
};

/** Keeps the state for this host and, in a cookie, for all hosts of the cluster. */
const keep = (state, domain) => {
  const text = Object.keys(state).filter((name) => state[name]).map((name) => name + state[name]).join("") || "o0";
  const shared = location.hostname.endsWith("." + domain) ? `; domain=${domain}` : "";
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `accessible=${text}; path=/; max-age=${YEAR}; samesite=lax${shared}${secure}`;
  try {
    localStorage.setItem("accessible", text);
  } catch (error) {
    // A browser that forbids storage has the cookie, or forgets.
  }
};

// ---- what can be pointed at, and what it says --------------------------------------------------------------------

const HEADINGS = "h1,h2,h3,h4,h5,h6";
const BLOCKS = `${HEADINGS},p,li,dt,dd,tr,figcaption,caption,blockquote,pre`;
const READABLE = `${BLOCKS},a,button,summary,input,select,textarea,img,th,td,label,time,[role=status],.brand-name`;

const readable = (target) => (target.closest ? target.closest(READABLE) : null);
const tidy = (text) => text.replace(/\s+/g, " ").trim();

/** What an element is called: by its label, its alternative text, or what it shows. */
const nameOf = (element) => {
  const label = element.getAttribute("aria-label") || element.getAttribute("alt");
  if (label) return label;
  if (element.labels && element.tagName !== "BUTTON") {
    const names = [...element.labels].map((one) => one.textContent);
    return tidy([...names, element.value || element.placeholder || ""].join(" "));
  }
  return tidy(element.innerText || element.textContent).slice(0, LONGEST_NAME);
};

const kindOf = (element) => {
  const tag = element.getAttribute("role") === "button" ? "BUTTON" : element.tagName;
  const name = element.matches(HEADINGS) ? "heading" : tag;
  return WORDS[name] ? word(name) : "";
};

// ---- text only: what pictures say instead of them ----------------------------------------------------------------

const makeAlternatives = () => {
  let spans = [];
  return {
    show: (isOn) => {
      if (isOn === spans.length > 0) return;
      for (const span of spans) span.remove();
      spans = !isOn ? [] : [...document.querySelectorAll("img[alt]:not([alt=''])")].map((picture) => {
        const span = make("span", { class: "accessible-alternative" }, `[${word("IMG")}${COLON}${picture.alt}]`);
        picture.after(span);
        return span;
      });
    },
  };
};

// ---- guide lines -------------------------------------------------------------------------------------------------

const makeGuide = () => {
  const lines = [make("i", { class: "accessible-across" }), make("i", { class: "accessible-down" })];
  const element = make("div", { class: "accessible accessible-guide", "aria-hidden": "true" }, ...lines);
  const put = (x, y) => {
    lines[0].style.top = `${y}px`;
    lines[1].style.left = `${x}px`;
  };
  return {
    element,
    show: (isOn) => { element.hidden = !isOn; },
    move: (event) => {
      if (event.type === "pointermove") return put(event.clientX, event.clientY);
      if (event.type !== "focusin" || !event.target.getBoundingClientRect) return;
      const box = event.target.getBoundingClientRect();
      // Below what has the focus, as a ruler would lie.
      put(box.left, box.bottom);
    },
  };
};

// ---- the list of shortcuts ---------------------------------------------------------------------------------------

const makeDialog = () => {
  const row = (keys, name) => make("div", {}, make("dt", {}, make("kbd", {}, keys)), make("dd", {}, word(name)));
  const list = SHORTCUTS.map((one) => row("Alt + Shift + " + one[1], one[2]));
  list.push(row("← → Home End", "arrows"));
  const close = make("button", { type: "button" }, word("close"));
  const element = make("dialog", { class: "accessible-dialog", "aria-labelledby": "accessible-shortcuts" },
    make("h2", { id: "accessible-shortcuts" }, word("shortcuts")), make("dl", {}, ...list), close);
  let before = null;
  const shut = () => {
    if (!element.hasAttribute("open")) return;
    if (element.close) element.close();
    else element.removeAttribute("open");
    if (before) before.focus();
  };
  close.addEventListener("click", shut);
  element.addEventListener("cancel", (event) => {
    event.preventDefault();
    shut();
  });
  // Safari 13 has no dialogs: there it is a panel, and the only thing in it that takes the focus is this button.
  element.addEventListener("keydown", (event) => { if (event.key === "Escape") shut(); });
  return {
    element,
    close: shut,
    open: () => {
      if (element.hasAttribute("open")) return;
      before = document.activeElement;
      if (element.showModal) element.showModal();
      else element.setAttribute("open", "");
      close.focus();
    },
  };
};

// ---- the caption bar ---------------------------------------------------------------------------------------------

const makeCaptions = (address, tell, chosen) => {
  const text = make("p", { class: "accessible-caption-text" });
  const scripts = [0, 1, 2].map((number) => make("button", { type: "button" }, word("script" + number)));
  const hasScripts = !isEnglish;
  const group = make("div", { role: "group", "aria-label": word("script"), class: "accessible-group" }, ...scripts);
  const element = make("section", { class: "accessible accessible-caption", "aria-label": word("captionBar") },
    ...(hasScripts ? [group] : []), text);
  let said = word("captionHint");
  let script = 0;
  let fetched = null;

  /** The tables, fetched once, when another script is first asked for. */
  const need = () => {
    if (!fetched) {
      fetched = fetch(address).then((answer) => answer.json()).then(readTables);
      fetched.catch(() => {
        fetched = null;
        tell(word("noTable"));
      });
    }
    return fetched;
  };

  const write = (pieces) => {
    text.lang = script === 1 && hasScripts ? "zh-Hant" : document.documentElement.lang;
    text.textContent = "";
    text.append(...pieces);
  };

  const say = (words) => {
    said = words || said;
    if (!script || !hasScripts) return write([said]);
    const asked = said + script;
    need().then((tables) => {
      // Meanwhile somebody may have pointed elsewhere.
      if (asked !== said + script) return;
      write(script === 1 ? [convert(tables.traditional, said).join("")] : annotate(tables.pinyin, said));
    }, () => write([said]));
  };

  const choose = (number) => {
    chosen(number);
    tell(`${word("script")} ${word("script" + number)}`);
  };
  scripts.forEach((one, number) => one.addEventListener("click", () => choose(number)));

  return {
    element,
    hasScripts,
    choose,
    say,
    show: (isOn, number) => {
      element.hidden = !isOn;
      script = number;
      scripts.forEach((one, at) => one.setAttribute("aria-pressed", at === number ? "true" : "false"));
      if (isOn) say("");
    },
  };
};

/** The file's two tables as maps: of single characters, and of words to a piece for each character. */
const readTables = (file) => {
  const traditional = new Map([...file.traditional.characters].reduce(inPairs, []));
  const pinyin = new Map();
  for (const row of file.pinyin.characters.split("|")) {
    const reading = /^[^㐀-鿿]+/.exec(row)[0];
    for (const one of row.slice(reading.length)) pinyin.set(one, reading);
  }
  return {
    traditional: { characters: traditional, words: readWords(file.traditional.words, traditional) },
    pinyin: { characters: pinyin, words: readWords(file.pinyin.words, pinyin) },
  };
};

const inPairs = (pairs, one, at) => {
  if (at % 2) pairs[pairs.length - 1].push(one);
  else pairs.push([one]);
  return pairs;
};

/** `银行1háng`: as usual, but for the second character. */
const readWords = (rows, characters) => {
  const words = new Map();
  for (const row of rows.split("|")) {
    const name = /^\D+/.exec(row)[0];
    const pieces = [...name].map((one) => characters.get(one) || one);
    for (const difference of row.match(/\d\D+/g) || []) pieces[difference[0]] = difference.slice(1);
    words.set(name, pieces);
  }
  return words;
};

/** A piece for each character, the longest known word first. */
const convert = (table, text) => {
  const letters = [...text];
  const pieces = [];
  while (pieces.length < letters.length) {
    const rest = letters.slice(pieces.length, pieces.length + LONGEST_WORD);
    let found = null;
    for (let size = rest.length; size > 1 && !found; size--) found = table.words.get(rest.slice(0, size).join(""));
    pieces.push(...(found || [table.characters.get(rest[0]) || rest[0]]));
  }
  return pieces;
};

const annotate = (table, text) => {
  const pieces = convert(table, text);
  return [...text].map((letter, at) =>
    (pieces[at] === letter ? letter : make("ruby", {}, letter, make("rt", {}, pieces[at]))));
};

// ---- speech ------------------------------------------------------------------------------------------------------

const makeSpeech = (tell, rate, changed) => {
  const engine = window.speechSynthesis;
  let now = "silent";
  let blocks = [];
  // The block being read, and its sentence.
  let at = 0;
  let sentence = 0;
  let current = null;
  let marked = null;
  let waiting = 0;

  const become = (state) => {
    now = state;
    changed(state);
  };

  const voices = (language) => {
    const wanted = language.startsWith("en") ? /^en/i : /^(zh|cmn)/i;
    const all = engine ? engine.getVoices().filter((voice) => wanted.test(voice.lang)) : [];
    // A voice of this device first: what is read then stays here, and long texts are not cut.
    return [...all.filter((voice) => voice.localService), ...all];
  };

  /** Whether there is a voice for the page; browsers make the list only when it is first asked for. */
  const ready = async () => {
    for (let tries = 0; tries < 10; tries++) {
      if (voices(document.documentElement.lang).length) return true;
      if (!engine) break;
      await new Promise((done) => { setTimeout(done, 100); });
    }
    tell(word("noVoice"));
    return false;
  };

  const mark = (element) => {
    if (marked) marked.removeAttribute("data-accessible-read");
    marked = element;
    if (marked) marked.setAttribute("data-accessible-read", "");
  };

  const silence = () => {
    current = null;
    clearTimeout(waiting);
    if (engine) engine.cancel();
  };
  const utter = (text, language, done) => {
    silence();
    const utterance = new SpeechSynthesisUtterance(text);
    const voice = voices(language)[0] || voices(document.documentElement.lang)[0];
    if (!voice) return tell(word("noVoice"));
    utterance.voice = voice;
    utterance.lang = voice.lang;
    utterance.rate = rate();
    // Whoever was interrupted ends, too, and must not go on.
    utterance.onend = () => { if (current === utterance) done(); };
    utterance.onerror = (event) => {
      if (current !== utterance) return;
      tell(word(event.error === "not-allowed" ? "mayNot" : "failed"));
      stop();
    };
    current = utterance;
    engine.speak(utterance);
  };

  const languageOf = (element) => {
    const above = element.closest("[lang]");
    return above ? above.lang : document.documentElement.lang;
  };

  const sentences = (element) => nameOf(element).match(/.+?(?:[。！？；!?;]+|\.(?=\s)|$)/g) || [];

  const goOn = () => {
    const block = blocks[at];
    if (!block) {
      stop();
      return tell(word("end"));
    }
    const all = sentences(block);
    if (sentence >= all.length) {
      at += 1;
      sentence = 0;
      return goOn();
    }
    mark(block);
    if (sentence === 0) block.scrollIntoView({ block: "nearest" });
    utter(all[sentence], languageOf(block), () => {
      sentence += 1;
      goOn();
    });
  };

  const isWhole = (element) =>
    (element.tagName === "A" ? !element.parentElement.closest(BLOCKS) : !element.querySelector(BLOCKS));

  const start = async () => {
    if (!(await ready())) return;
    const all = document.getElementById("main").querySelectorAll(`${BLOCKS},a`);
    blocks = [...all].filter((one) => one.getClientRects().length && isWhole(one) && nameOf(one));
    at = 0;
    sentence = 0;
    become("reading");
    goOn();
  };

  const stop = () => {
    silence();
    mark(null);
    become("silent");
  };

  return {
    ready,
    stop,
    state: () => now,
    toggle: () => {
      if (now === "silent") return start();
      // Android's own pause is a stop, so a pause here begins the sentence anew.
      if (now === "reading") silence();
      become(now === "reading" ? "paused" : "reading");
      if (now === "reading") goOn();
    },
    move: (by) => {
      if (now === "silent") return start();
      at = Math.max(0, at + by);
      sentence = 0;
      become("reading");
      goOn();
    },
    again: () => { if (now === "reading") goOn(); },
    point: (element, rest) => {
      if (now === "reading" || element === marked) return;
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        if (!voices(document.documentElement.lang).length) return;
        const name = nameOf(element);
        const kind = kindOf(element);
        if (!name) return;
        mark(element);
        utter(kind ? kind + COLON + name : name, languageOf(element), () => {});
      }, rest);
    },
  };
};
