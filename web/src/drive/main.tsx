import { render } from "preact";
import "../ui/base.css";
import { element } from "../ui/element.ts";
import { Switches } from "../ui/switches.tsx";

render(
  <header class="bar">
    <h1>ridecast</h1>
    <div class="switches">
      <Switches />
    </div>
  </header>,
  element("panels"),
);
