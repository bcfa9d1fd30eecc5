// Asks for the server's token, where it wants one.

import { keepToken, onTokenWanted } from "./api.js";
import { at } from "./dom.js";

export function askForTokens() {
  onTokenWanted((wrong) => new Promise((go) => {
    const before = document.activeElement;
    at("token-wrong").hidden = !wrong;
    at("token-form").hidden = false;
    at("token").setAttribute("aria-invalid", String(wrong));
    at("token").focus();
    at("token-form").onsubmit = (event) => {
      event.preventDefault();
      if (!at("token").value.trim()) return;
      keepToken(at("token").value);
      at("token").value = "";
      at("token-form").hidden = true;
      before?.focus?.();
      go();
    };
  }));
}
