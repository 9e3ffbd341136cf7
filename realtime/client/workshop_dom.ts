// How the room's page is built: elements from values, and a part that changes without taking the keyboard's place away.

type Child = Node | string | null | false | undefined;

/** An element. Attributes that are false or null are left out; text is text, never markup. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, string | number | boolean | null | undefined> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.filter((child): child is Node | string => child !== null && child !== false && child !== undefined));
  return element;
}

/** Put `children` into a part when they differ from what stands there; the focus and chosen answers stay where they were. */
export function fill(part: Element | null, ...children: Child[]): void {
  if (!part) return;
  const fresh = make("div", {}, ...children);
  if (fresh.innerHTML === part.innerHTML) return;
  const focused = part.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null;
  const place = focused?.closest<HTMLElement>("[data-key]")?.dataset["key"];
  const value = focused instanceof HTMLInputElement ? focused.value : null;
  for (const chosen of part.querySelectorAll<HTMLInputElement>("input:checked")) {
    const same = [...fresh.querySelectorAll<HTMLInputElement>("input")].find(
      (one) => one.name === chosen.name && one.value === chosen.value && keyOf(one) === keyOf(chosen),
    );
    if (same) same.checked = true;
  }
  part.replaceChildren(...fresh.childNodes);
  if (!focused) return;
  const again = place === undefined ? null : part.querySelector<HTMLElement>(`[data-key="${CSS.escape(place)}"]`);
  const target =
    (value !== null && [...(again?.querySelectorAll<HTMLInputElement>("input") ?? [])].find((one) => one.value === value)) ||
    again?.querySelector<HTMLElement>("button, input, a[href]") ||
    again ||
    part.closest("section")?.querySelector<HTMLElement>("h2[tabindex]");
  target?.focus();
}

function keyOf(element: Element): string | undefined {
  return element.closest<HTMLElement>("[data-key]")?.dataset["key"];
}

/** A form of one button, sent as the act of that name (see workshop.ts). */
export function button(
  verb: string,
  label: string,
  fields: Record<string, string | number> = {},
  kind = "second",
  about = "",
): HTMLFormElement {
  const key = [verb, ...Object.values(fields)].join("-");
  return make(
    "form",
    { "data-act": verb, "data-key": key },
    ...Object.entries(fields).map(([name, value]) => make("input", { type: "hidden", name, value })),
    make("button", { class: kind || null, type: "submit" }, label, about ? make("span", { class: "hidden" }, ` ${about}`) : null),
  );
}
