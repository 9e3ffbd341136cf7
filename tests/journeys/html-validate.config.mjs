// What a page must hold to as HTML5: everything html-validate recommends, whole documents, and what assistive technology
// relies on. A rule that is switched off or told more has its reason beside it.
import { defineConfig } from "html-validate";

export default defineConfig({
  root: true,
  extends: ["html-validate:recommended", "html-validate:document", "html-validate:a11y"],
  rules: {
    // A title says the whole name of an administration, as its page does. HTML5 knows no longest title: 70 characters are
    // what a search engine shows of it.
    "long-title": "off",
    // Spaces at the end of a line are compressed away, and no reader meets them.
    "no-trailing-whitespace": "off",
    // Programs that are spoken to find a field by `for` even where they pass over the label around it.
    "no-redundant-for": "off",
    // A group of boxes sends one name several times: that is how HTML5 sends a list.
    "form-dup-name": ["error", { shared: ["radio", "checkbox", "button", "reset", "submit"] }],
    // A digest guards what comes from elsewhere. Our own files come from the server that wrote the page.
    "require-sri": ["error", { target: "crossorigin" }],
    // WAI-ARIA 1.2 lets a list have a name; by default the rule knows controls and landmarks only.
    "aria-label-misuse": ["error", { allowAnyNamable: true }],
  },
});
