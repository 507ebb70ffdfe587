import { render } from "preact";
import { token } from "./api/session.ts";
import { App } from "./frame/app.tsx";
import { follow } from "./live/following.ts";
import { followAddress } from "./routes.ts";
import "./style/index.css";

followAddress();
render(<App />, document.getElementById("app")!);
void token();
follow();
