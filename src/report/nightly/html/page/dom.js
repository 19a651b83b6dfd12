// Whatever comes from an environment reaches the page as text or as the value of an attribute, never as markup.
const data = JSON.parse(document.getElementById("data").textContent);

const byId = (id) => document.getElementById(id);

const make = (tag, attributes, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
};

const button = (words, act, attributes) => {
  const made = make("button", { type: "button", ...attributes }, words);
  made.addEventListener("click", () => act(made));
  return made;
};

const counted = (number, one, many) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

const joined = (words) =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;

const announce = (words) => {
  byId("said").textContent = words;
};

// The letter of an environment, as a class for its colour and as words.
const letterOf = (letter) => {
  if (letter === "-") return { shown: ".", style: "absent", words: "absent" };
  if (letter === "!") return { shown: "!", style: "unread", words: "could not be read" };
  const code = letter.charCodeAt(0);
  const number = code >= 97 ? code - 97 + 26 : code - 65;
  return { shown: letter, style: `v${number === 0 ? 0 : 1 + ((number - 1) % 5)}`, words: `version ${letter}` };
};

const letter = (pattern, environment) => {
  const { shown, style, words } = letterOf(pattern[environment]);
  const name = data.environments[environment].name;
  return make("span", { class: `letter ${style}`, title: `${name}: ${words}` }, shown);
};

const copyBySelection = (text) => {
  const field = make("textarea", { "aria-hidden": "true", class: "unseen", tabindex: -1 });
  field.value = text;
  document.body.append(field);
  const before = document.activeElement;
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (before) before.focus();
  return done;
};

const copyWith = (pressed, text) => {
  const words = pressed.textContent;
  const tell = (done) => {
    pressed.textContent = done ? "Copied" : "Could not be copied";
    announce(pressed.textContent);
    setTimeout(() => {
      pressed.textContent = words;
    }, 2000);
  };
  const clipboard = navigator.clipboard;
  if (!clipboard) {
    tell(copyBySelection(text));
    return;
  }
  clipboard.writeText(text).then(
    () => tell(true),
    () => tell(copyBySelection(text)),
  );
};

const copyButton = (words, text) => button(words, (pressed) => copyWith(pressed, text), { class: "copy" });
