// Every page works without this. In the head, so that a remembered theme does not flash.
{
  const root = document.documentElement;
  const on = (name, act) => document.addEventListener(name, act, true);
  root.className = "js";
  root.dataset.theme = localStorage.theme || "";

  const toggleTheme = () => {
    const now = root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches && "dark");
    localStorage.theme = root.dataset.theme = now == "dark" ? "light" : "dark";
  };

  const reveal = (button) => {
    const input = button.previousElementSibling;
    input.type = input.type == "text" ? "password" : "text";
    button.ariaPressed = input.type == "text";
  };

  // Opens a link as a popover; inside a menu it turns that menu's page until it closes.
  const openMenu = async (link) => {
    if (link.ariaExpanded == "true") return link.nextElementSibling.hidePopover();
    const inside = link.closest(".menu");
    const menu = inside || document.createElement("div");
    const answer = await fetch(link, { headers: { "X-Fragment": 1 } });
    if (!answer.ok || answer.redirected) return location.assign(link);
    menu.kept ??= [...menu.childNodes];
    menu.innerHTML = await answer.text();
    for (const next of menu.querySelectorAll("[name=next]")) next.value = location.pathname + location.search;
    if (!inside) {
      menu.className = "menu tall";
      menu.popover = "auto";
      link.ariaExpanded = true;
      link.after(menu);
      menu.showPopover({ source: link });
    }
    menu.querySelector("h2").focus();
  };

  // Puts a menu in the place of what is shown of it; it leads back to this page.
  const redraw = (shown, text) => {
    const made = document.createElement("template");
    made.innerHTML = text;
    const menu = made.content.firstElementChild;
    for (const next of menu.querySelectorAll("[name=next]")) next.value = location.pathname + location.search;
    shown.replaceWith(menu);
    return menu;
  };

  // Asks for consent in the menu itself. What cannot be taken comes back with what is said of it.
  const ask = async (form) => {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Fragment": 1 } });
    if (answer.status != 422 && !answer.url.endsWith("?done=asked")) return location.reload();
    redraw(form.closest(".launch"), await answer.text()).querySelector("h2").focus();
  };

  // Looks every few seconds whether consent was given where a menu waits for it, for ten minutes.
  let looks = 120;
  const look = async () => {
    const shown = document.querySelector("[data-wait]");
    if (!shown || looks-- < 1) return;
    const answer = await fetch(shown.dataset.wait, { headers: { "X-Fragment": 1 } });
    const text = answer.ok && !answer.redirected && (await answer.text());
    if (!text || text.includes("data-wait") || !shown.isConnected) return;
    if (shown.closest(".menu")) redraw(shown, text);
    else location.reload();
  };

  // Shows how patterns read while they are typed. What is left empty counts as what it inherits.
  let typing;
  const preview = (box) => {
    const asked = new URLSearchParams();
    for (const field of box.querySelectorAll("[name]")) asked.set(field.name, field.value || field.dataset.inherited || "");
    clearTimeout(typing);
    typing = setTimeout(async () => {
      const answer = await fetch(`${box.dataset.preview}?${asked}`);
      if (answer.ok && !answer.redirected) box.querySelector("[data-samples]").innerHTML = await answer.text();
    }, 250);
  };

  // Says how strong a new password is while it is typed. Nothing but the house is asked.
  const measure = (input) => {
    const meter = input.form.querySelector("[data-meter]");
    const asked = new URLSearchParams({ password: input.value });
    for (const name of ["csrf_token", "login", "name", "token"]) {
      if (input.form.elements[name]) asked.set(name, input.form.elements[name].value);
    }
    clearTimeout(typing);
    typing = setTimeout(async () => {
      const answer = input.value && (await fetch(input.dataset.strength, { method: "POST", body: asked }));
      meter.innerHTML = answer && answer.ok && !answer.redirected ? await answer.text() : "";
    }, 250);
  };
  // Writes a day (year, month, day) as its reader types it.
  const writeDay = ({ dataset: { day, months } }, [year, month, number]) =>
    day.replace(/MONTH|YYYY|MON|DD|MM|D/g, (name) =>
      ({ YYYY: year, MM: month, DD: number, D: +number })[name] ?? months.split("|")[month - 1]);

  const offered = (button) => document.querySelector(button.dataset.offer).textContent;

  const useOffered = (button) => {
    const input = document.querySelector("#password");
    for (const field of [input, input.form.elements.confirm]) if (field) field.value = offered(button);
    if (input.type == "password") reveal(input.nextElementSibling);
    measure(input);
    input.focus();
  };

  const copyOffered = async (button) => {
    await navigator.clipboard.writeText(offered(button));
    button.querySelector("span").textContent = button.dataset.copied;
  };

  on("toggle", ({ target: menu, newState }) => {
    if (newState == "open" || !menu.kept) return;
    menu.replaceChildren(...menu.kept);
    menu.kept = null;
    if (menu.id) return;
    menu.previousElementSibling.ariaExpanded = false;
    menu.remove();
  });

  on("click", (event) => {
    const at = (what) => event.target.closest(what);
    if (at("#theme")) toggleTheme();
    if (at("[data-reveal]")) reveal(at("button"));
    if (at("[data-use]")) useOffered(at("button"));
    if (at("[data-pick]")) at("[data-pick]").nextElementSibling.showPicker();
    if (at("[data-copied]")) copyOffered(at("button"));
    if (at("[data-print]")) print();
    if (!at("[data-popover-menu]")) return;
    event.preventDefault();
    openMenu(at("a"));
  });

  on("submit", (event) => {
    if (!event.target.matches("[data-ask]")) return;
    event.preventDefault();
    ask(event.target);
  });

  on("input", ({ target }) => {
    const { value, dataset } = target;
    if (target.matches(".pick-day")) {
      const typed = target.parentElement.querySelector("[data-day]");
      typed.value = value && writeDay(typed, value.split("-"));
    }
    if (dataset.preset != null) {
      target.previousElementSibling.value = value;
      target.selectedIndex = 0;
    }
    if (target.closest("[data-preview]")) preview(target.closest("[data-preview]"));
    if (dataset.strength) measure(target);
    const wanted = value.trim().toLowerCase();
    for (const item of document.getElementById(dataset.filter)?.children ?? []) {
      item.hidden = !item.textContent.toLowerCase().includes(wanted);
    }
  });

  on("keydown", (event) => {
    if (event.key == "Escape") document.querySelector(".tip:is(:hover, :focus-within)")?.classList.add("hush");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const menu = event.target.closest(".menu");
    if (!step || !menu || event.target.type == "radio") return;
    event.preventDefault();
    const stops = [...menu.querySelectorAll(":not([hidden]) > :is(a, button)")];
    stops.at((stops.indexOf(event.target) + step) % stops.length).focus();
  });

  setInterval(look, 5e3);
  setInterval(() => {
    const left = document.querySelector("#minutes");
    if (left?.textContent > 0) left.textContent--;
  }, 6e4);
}
