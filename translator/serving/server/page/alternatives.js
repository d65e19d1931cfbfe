// The list of other translations below a line, which the mouse and the keyboard can use.

let close = () => {};

// Opens a list under a line; taken(i) is called with the index of the text that the user chooses.
export function choose(line, texts, chosen, taken) {
  close();
  const list = document.createElement("ul");
  list.className = "others";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Other translations");
  const options = texts.map((text, i) => {
    const option = document.createElement("li");
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", i === chosen);
    option.tabIndex = -1;
    option.dir = "auto";
    option.textContent = text;
    return option;
  });
  list.append(...options);
  line.after(list);
  line.setAttribute("aria-expanded", true);

  close = () => {
    list.remove();
    line.setAttribute("aria-expanded", false);
    document.removeEventListener("pointerdown", closeOutside);
    close = () => {};
  };
  const closeOutside = (event) => {
    if (!list.contains(event.target)) close();
  };
  const take = (i) => {
    close();
    taken(i);
    line.focus();
  };
  const keys = {
    ArrowDown: (i) => options[Math.min(i + 1, options.length - 1)].focus(),
    ArrowUp: (i) => options[Math.max(i - 1, 0)].focus(),
    Home: () => options[0].focus(),
    End: () => options.at(-1).focus(),
    Enter: take,
    " ": take,
    Escape: () => {
      close();
      line.focus();
    },
  };
  list.addEventListener("click", (event) => {
    event.stopPropagation(); // otherwise it would count as a click on the translation
    const i = options.indexOf(event.target);
    if (i >= 0) take(i);
  });
  list.addEventListener("keydown", (event) => {
    if (event.key === "Tab") close();
    if (!(event.key in keys)) return;
    event.preventDefault();
    keys[event.key](options.indexOf(document.activeElement));
  });
  document.addEventListener("pointerdown", closeOutside);
  options[chosen].focus();
}
