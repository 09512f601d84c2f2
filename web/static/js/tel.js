// Telephone links of any page in this browser arrive at our confirm page, once the person wants it so.
import { $, onPage, show } from "./dom.js";
import { t } from "./texts.js";
import { toast } from "./toasts.js";

export function startTelLinks() {
  onPage("#tel-links", (box) => {
    const can = "registerProtocolHandler" in navigator && window.isSecureContext;
    show(box, can);
    $("button", box).addEventListener("click", () => {
      navigator.registerProtocolHandler("tel", `${location.origin}/dial?to=%s`);
      toast(t("The browser asks now whether Trubka may open telephone links: allow it."));
    });
  });
}
