// What was written for readers without scripts comes to life: names become links into the matrix, patches can be copied.
for (const place of document.querySelectorAll("[data-row]")) {
  const index = Number(place.dataset.row);
  const words = place.firstElementChild || document.createTextNode(place.textContent);
  place.replaceChildren(
    button(
      words,
      () => {
        reveal(index);
        openDetail(index);
        byId("work").scrollIntoView({ block: "start" });
      },
      { class: "link" },
    ),
  );
}
for (const place of document.querySelectorAll("[data-patch]")) {
  place.append(copyButton("Copy patch", data.patches[Number(place.dataset.patch)]));
}
for (const place of document.querySelectorAll("[data-copy]")) {
  place.append(" ", copyButton("Copy", place.textContent));
}
// A link to a folded part opens it.
const openTarget = () => {
  const target = location.hash.length > 1 ? byId(decodeURIComponent(location.hash.slice(1))) : null;
  if (!target) return;
  if (target.matches("details")) target.open = true;
  for (const folded of target.querySelectorAll("details")) folded.open = true;
};
window.addEventListener("hashchange", openTarget);
openTarget();

const THEMES = ["as the system", "light", "dark"];
const themeButton = byId("theme");
themeButton.addEventListener("click", () => {
  const root = document.documentElement;
  const now = THEMES.indexOf(root.dataset.theme || THEMES[0]);
  const next = THEMES[(now + 1) % THEMES.length];
  if (next === THEMES[0]) delete root.dataset.theme;
  else root.dataset.theme = next;
  themeButton.textContent = `Colours: ${next}`;
});
themeButton.hidden = false;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const typing = event.target.matches("input, textarea, select");
  if (event.key === "Escape") {
    if (!detail.box.hidden) closeDetail();
    else if (isFiltered()) {
      clearFilters();
      if (typing) matrix.box.focus();
    } else if (typing) event.target.blur();
    return;
  }
  if (typing) {
    if (event.key === "ArrowDown" && event.target === byId("search")) {
      event.preventDefault();
      matrix.box.focus();
    }
    return;
  }
  if (event.key === "/") {
    event.preventDefault();
    closeDetail();
    byId("search").focus();
    byId("search").select();
  } else if (!detail.box.hidden && (event.key === "n" || event.key === "p")) {
    event.preventDefault();
    stepRegion(event.key === "n" ? 1 : -1);
  }
});

// Paper has what is known of each candidate; their patches are for copying.
let unfolded = [];
window.addEventListener("beforeprint", () => {
  unfolded = [...document.querySelectorAll("details.unit:not([open])")];
  for (const unit of unfolded) unit.open = true;
});
window.addEventListener("afterprint", () => {
  for (const unit of unfolded) unit.open = false;
});

byId("matrix-part").hidden = false;
startMatrix();
