// The lines to type, with the address that this page was opened at.

import { takeToken, token } from "./api.js";

takeToken();
const address = new URL("predict", location.href).href;
for (const line of document.querySelectorAll("pre")) {
  line.textContent = line.textContent.replaceAll("http://127.0.0.1:8000/predict", address);
  if (token()) line.textContent = line.textContent.replaceAll("curl ", "curl -H \"Authorization: Bearer $TOKEN\" ");
}
