import "./app.css";
import { render } from "preact";
render(<p>Moteloop</p>, document.getElementById("app"));
