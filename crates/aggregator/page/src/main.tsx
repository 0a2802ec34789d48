// Begins the page.

import "./style.css";
import { render } from "preact";
import { connectKeys } from "./keys";
import { connectLive } from "./live";
import { App } from "./parts/App";
import { connectSearch } from "./searching";
import { connect } from "./state";

connect();
connectSearch();
connectLive();
connectKeys();
const root = document.getElementById("app");
if (root) render(<App />, root);
