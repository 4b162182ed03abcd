/* Sets light or dark before the first paint; a module would come too late and the page would flash. */
(function () {
  "use strict";
  try {
    const chosen = localStorage.getItem("review/theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    /* a browser that stores nothing follows the system */
  }
})();
