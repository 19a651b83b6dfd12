//! The page in a real browser: what a person does with it, what it complains about, and what it must never do.

use driftline::report::candidates::UnitReport;
use serde_json::json;

use super::hostile::{HOSTILE, hostile};
use super::night::{many, oncalls};
use super::written;
use crate::support::browser::Browser;

/// A function that gives all texts of the page, with what in them could drive a terminal, hide or reorder.
const UNSAFE_TEXTS: &str = r"(() => {
  const bad = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;
  const found = [];
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.nodeType === 3) { if (bad.test(node.data) && node.parentElement.id !== 'data') found.push(node.data); }
    else for (const { value } of node.attributes) if (bad.test(value)) found.push(value);
  }
  return found;
})()";

/// Texts whose colour is too near to the ground they stand on: below 4.5 to 1.
const TOO_FAINT: &str = r"(() => {
  const channels = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const shine = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest('script, svg')) continue;
    const [a, b] = [shine(channels(getComputedStyle(element).color)), shine(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${element.className} ${walker.currentNode.data.trim().slice(0, 40)}`);
  }
  return faint;
})()";

/// What can be used and has no name, ids that occur twice, and references to none.
fn nameless(browser: &mut Browser) -> Vec<String> {
    let tree = browser.call("Accessibility.getFullAXTree", &json!({}));
    let usable = [
        "button",
        "link",
        "searchbox",
        "textbox",
        "treegrid",
        "columnheader",
        "rowheader",
        "region",
        "group",
        "image",
        "navigation",
        "heading",
        "complementary",
    ];
    let mut found = Vec::new();
    for node in tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] == false) {
        let role = node["role"]["value"].as_str().unwrap_or_default();
        // A `details` element is a group that its summary names.
        let is_named = node["name"]["value"].as_str().is_some_and(|name| !name.trim().is_empty());
        if usable.contains(&role) && !is_named {
            found.push(format!("{role} without a name"));
        }
    }
    let ids = browser.eval(
        "(() => { const all = [...document.querySelectorAll('[id]')].map((e) => e.id); \
         const twice = all.filter((id, at) => all.indexOf(id) !== at); \
         const lost = [...document.querySelectorAll('[aria-labelledby], [aria-controls], [aria-activedescendant]')] \
           .filter((e) => e.checkVisibility()) \
           .flatMap((e) => ['aria-labelledby', 'aria-controls', 'aria-activedescendant'].map((name) => e.getAttribute(name))) \
           .filter((id) => id && !document.getElementById(id)); return [...twice, ...lost]; })()",
    );
    found.extend(ids.as_array().unwrap().iter().map(|id| format!("id {id}")));
    found
}

fn count(browser: &mut Browser, selector: &str) -> u64 {
    browser.eval(&format!("document.querySelectorAll({}).length", json!(selector))).as_u64().unwrap()
}

fn text(browser: &mut Browser, selector: &str) -> String {
    browser.eval(&format!("document.querySelector({}).innerText", json!(selector))).as_str().unwrap().to_owned()
}

#[test]
fn a_person_can_use_it() {
    let folder = tempfile::tempdir().unwrap();
    let page = written(&oncalls(), "html", folder.path());
    let mut browser = Browser::start();
    browser.open(&page, 1440, "light");

    // The first screen.
    let cards = text(&mut browser, ".cards");
    assert!(cards.contains("prod") && cards.contains("read in part") && cards.contains("permission denied"), "{cards}");
    let verdict = text(&mut browser, ".verdict");
    assert!(verdict.contains("1 new, 1 reopened, 1 resolved, 2 still (oldest 12 days)"), "{verdict}");
    assert_eq!(text(&mut browser, "#found"), "14 paths");

    assert_eq!(text(&mut browser, ".row:has(.tag.moved) .elsewhere"), "= oncallsreact/src/ in debug");

    // Folding, by keys alone.
    browser.eval("document.querySelector('#tree').focus()");
    browser.key("Home");
    let all = count(&mut browser, ".row");
    assert_eq!(browser.eval("document.querySelector('.row.active').getAttribute('aria-expanded')"), "true");
    browser.key("ArrowLeft");
    assert_eq!(browser.eval("document.querySelector('.row.active').getAttribute('aria-expanded')"), "false");
    let left = count(&mut browser, ".row");
    assert!(left < all, "{left} of {all}");
    browser.key("ArrowRight");
    browser.key("ArrowRight");
    assert_eq!(browser.eval("document.querySelector('.row.active').getAttribute('aria-level')"), "2");
    assert_eq!(count(&mut browser, ".row"), all);
    browser.key("ArrowLeft");
    browser.key("ArrowLeft");
    assert_eq!(browser.eval("document.querySelector('#tree').getAttribute('aria-activedescendant')"), "row-0");
    browser.click("#open-all");

    // Search as one types, and back.
    browser.key("/");
    browser.type_text("member");
    assert_eq!(text(&mut browser, "#found"), "1 of 14 paths");
    browser.key("Escape");
    assert_eq!(text(&mut browser, "#found"), "14 paths");
    assert_eq!(count(&mut browser, ".row"), all);

    // Filters of each kind.
    for (filter, value, found) in
        [("status", "new", 1), ("severity", "critical", 1), ("kind", "presence", 5), ("environment", "0", 9)]
    {
        browser.click(&format!(".chip[data-filter='{filter}'][data-value='{value}']"));
        assert_eq!(text(&mut browser, "#found"), format!("{found} of 14 paths"), "{filter}");
        browser.click("#clear");
        assert_eq!(count(&mut browser, ".chip[aria-pressed='true']"), 0);
    }

    // A file beside the matrix: opened from the first screen, with its regions, marks and colours.
    browser.click("#look-at ~ ul [data-row] button");
    assert_eq!(text(&mut browser, "#detail h3"), "backend/app/services/MemberService.py");
    assert_eq!(count(&mut browser, ".panes thead th"), 3);
    assert!(text(&mut browser, ".panes").contains("only debug, uncommitted in debug"));
    assert!(!text(&mut browser, ".panes").contains("step 20"), "unchanged lines are folded");
    let marks = "[...document.querySelector('.panes .code.v1:has(mark)').querySelectorAll('mark')].map((m) => m.textContent).join('')";
    assert_eq!(browser.eval(marks), ", active=True");
    assert!(count(&mut browser, ".panes .syntax-keyword") > 0 && count(&mut browser, ".panes .syntax-string") > 0);
    browser.click(".panes .fold button");
    assert!(text(&mut browser, ".panes").contains("step 20"));
    browser.key("n");
    assert_eq!(browser.eval("document.activeElement.id"), "region-1");
    browser.key("Escape");
    assert_eq!(browser.eval("document.querySelector('#detail').hidden"), true);

    // From the matrix by key, and back to where one was.
    browser.eval("document.querySelector('#tree').focus()");
    browser.key("End");
    browser.key("Enter");
    assert_eq!(text(&mut browser, "#detail h3"), "README.md");
    browser.key("Escape");
    assert_eq!(browser.eval("document.activeElement.id"), "tree");

    // A patch is copied to the byte.
    browser.grant_clipboard();
    browser.eval("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
    browser.click(".patch button.copy");
    let copied = browser.eval("navigator.clipboard.readText()");
    assert_eq!(copied.as_str(), oncalls().patches[0].patch.as_deref());

    // Paper has all rows that are open, and the screen is as before afterwards.
    let before = count(&mut browser, ".row");
    browser.call("Page.printToPDF", &json!({}));
    assert_eq!(count(&mut browser, ".row"), before);
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn it_can_be_read_by_everyone() {
    let folder = tempfile::tempdir().unwrap();
    let page = written(&oncalls(), "html", folder.path());
    let mut browser = Browser::start();
    let mut grounds = Vec::new();
    for colours in ["light", "dark"] {
        for width in [360, 800, 1440] {
            browser.open(&page, width, colours);
            let wide = browser.eval("document.documentElement.scrollWidth").as_u64().unwrap();
            assert!(wide <= u64::from(width), "{wide} in {width}, {colours}");
            assert_eq!(browser.eval(TOO_FAINT), json!([]), "{width} {colours}");
            assert_eq!(nameless(&mut browser), Vec::<String>::new(), "{width} {colours}");
            browser.click("#look-at ~ ul [data-row] button");
            assert_eq!(browser.eval(TOO_FAINT), json!([]), "{width} {colours}, with a file");
            assert_eq!(nameless(&mut browser), Vec::<String>::new(), "{width} {colours}, with a file");
            let right =
                browser.eval("document.querySelector('#close').getBoundingClientRect().right").as_f64().unwrap();
            assert!(right <= f64::from(width), "the button to close it is in view in {width}");
        }
        grounds.push(browser.eval("getComputedStyle(document.body).backgroundColor"));
    }
    assert_ne!(grounds[0], grounds[1]);
    browser.open(&page, 800, "dark");
    browser.click("#theme");
    assert_eq!(browser.eval("getComputedStyle(document.body).backgroundColor"), grounds[0]);
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn hostile_names_stay_names() {
    let folder = tempfile::tempdir().unwrap();
    let page = written(&hostile(), "html", folder.path());
    let mut browser = Browser::start();
    browser.open(&page, 1440, "light");
    let is_intact = |browser: &mut Browser| {
        assert_eq!(count(browser, "script"), 2);
        assert_eq!(
            count(
                browser,
                "img, iframe, object, embed, link, base, form, [onload], [onerror], [onmouseover], [style*='url']"
            ),
            0
        );
        assert_eq!(count(browser, "a[href]:not([href^='#'])"), 0);
        assert_eq!(browser.eval(UNSAFE_TEXTS), json!([]));
    };
    is_intact(&mut browser);
    browser.click("#open-all");
    is_intact(&mut browser);
    // Each name is in the matrix, and what is said of it can be opened.
    browser.click("#search");
    browser.type_text("hostile/");
    browser.eval("document.querySelector('#tree').focus()");
    browser.key("End");
    let mut names = Vec::new();
    while browser.eval("document.querySelector('.row.active').hasAttribute('aria-expanded')") == false {
        browser.key("Enter");
        names.push(text(&mut browser, "#detail h3"));
        is_intact(&mut browser);
        browser.key("Escape");
        browser.key("ArrowUp");
        if names.len() > HOSTILE.len() + 5 {
            break;
        }
    }
    assert!(names.len() > HOSTILE.len(), "{names:?}");
    for name in
        [r"hostile/zero\u{200b}width\u{feff}\u{ad}", r"hostile/\xff\xfe\x1b[31m\xc3(", "hostile/javascript:alert(1)"]
    {
        assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
    }
    browser.click("#clear");
    browser.click("#look-at ~ ul [data-row] button");
    assert!(text(&mut browser, ".panes").contains("<img src=x onerror=alert(1)>"));
    assert!(text(&mut browser, ".panes").contains("rtl\\u{202e}gpj.exe"));
    is_intact(&mut browser);
    assert_eq!(browser.complaints, Vec::<String>::new());
    // The policy really holds: what gets into the page as markup is not run.
    browser.eval(
        "(() => { const made = document.createElement('script'); made.append('globalThis.ran = true'); \
         try { document.body.append(made); } catch { /* refused at once */ } })()",
    );
    assert_eq!(browser.eval("globalThis.ran === undefined"), true);
    assert!(!browser.complaints.is_empty(), "a violation is a complaint");
}

#[test]
fn ten_thousand_paths_do_not_freeze_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut report = many(10_000);
    let mut candidates = oncalls().candidates.unwrap();
    let unit = candidates.units[0].clone();
    let numbered = |number: usize| UnitReport { id: number.to_string(), short: format!("f{number}"), ..unit.clone() };
    candidates.units = (1..=2_000).map(numbered).collect();
    report.candidates = Some(candidates);
    let page = written(&report, "html", folder.path());
    let mut browser = Browser::start();
    browser.open(&page, 1440, "light");
    assert_eq!(text(&mut browser, "#found"), "10,000 paths");
    let elements = count(&mut browser, "*");
    assert!(elements < 8_000, "{elements} elements at first");
    assert!(text(&mut browser, "main").contains("and 1,900 more: in the JSON of this report"));
    browser.click("#open-all");
    assert!(count(&mut browser, ".row") < 100, "only rows in view are built");
    let shown = browser.eval("Number(document.querySelector('#tree').getAttribute('aria-rowcount'))").as_u64().unwrap();
    assert!(shown > 10_000, "{shown} rows are open");
    browser.eval("document.querySelector('#tree').focus()");
    browser.key("End");
    assert!(text(&mut browser, ".row.active").contains("file"));
    assert!(count(&mut browser, ".row") < 100);
    browser.key("/");
    browser.type_text("file1234");
    assert_eq!(text(&mut browser, "#found"), "1 of 10,000 paths");
    assert!(count(&mut browser, ".row") < 10);
    assert_eq!(browser.complaints, Vec::<String>::new());
}
