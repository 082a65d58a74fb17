/* The picture of a workflow's draft, to be edited: only on that page, and only where there is room. */
import { begin } from "./designer/main.jsx";

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
else begin();
