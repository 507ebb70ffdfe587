/**
 * GraphiQL says `tab` of list items that hold two buttons each, which screen readers then pass over
 * (https://www.w3.org/TR/wai-aria-1.2/#tab: its children are presentational). They are told as what they are: a list
 * of buttons, one of them current.
 */
export function tellTabsAsButtons(root: Element): void {
  const mend = () => {
    root.querySelectorAll('[role="tablist"]').forEach((list) => list.setAttribute("role", "list"));
    for (const item of root.querySelectorAll(".graphiql-tab")) {
      put(item, "role", "listitem");
      item.removeAttribute("aria-selected");
      const isActive = item.classList.contains("graphiql-tab-active");
      put(item.querySelector("button"), "aria-current", String(isActive));
    }
  };
  const attributeFilter = ["class", "role", "aria-selected"];
  new MutationObserver(mend).observe(root, { subtree: true, childList: true, attributeFilter });
}

/** Only where it is another one: each change is looked at again. */
function put(element: Element | null, name: string, value: string): void {
  if (element?.getAttribute(name) !== value) element?.setAttribute(name, value);
}
