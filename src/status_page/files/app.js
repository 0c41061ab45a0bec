// Which view an address is, and what all views have in common.

import { exporterView } from "./exporter.js";
import { groupView } from "./group.js";
import { groupsView } from "./groups.js";
import { topicView } from "./topic.js";

const VIEWS = { "": groupsView, group: groupView, topic: topicView, exporter: exporterView };

const place = location.pathname.split("/").pop();
const view = Object.hasOwn(VIEWS, place) ? VIEWS[place] : groupsView;
for (const link of document.querySelectorAll("[data-view]")) {
  if (link.dataset.view === (place || "groups")) link.setAttribute("aria-current", "page");
}
view(document.getElementById("main"));
