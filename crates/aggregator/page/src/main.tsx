// Begins the page.

import "./style.css";
import { render } from "preact";
import { connectKeys } from "./keys";
import { App } from "./parts/App";
import { connectSearch } from "./searching";
import { connect } from "./state";

connect();
connectSearch();
connectKeys();
const root = document.getElementById("app");
if (root) render(<App />, root);
