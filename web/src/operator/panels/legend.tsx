import { CELL_SHADES } from "../../map/colors.ts";
import { theme } from "../../ui/theme.ts";
import { number } from "../../words/index.ts";
import { cellSteps, shown } from "../state.ts";
import { tell } from "../words/index.ts";

/** What the shades of the cells say. */
export function Legend() {
  if (shown.value !== "cells") return null;
  const steps = cellSteps.value;
  return (
    <figure class="legend" data-testid="legend">
      <figcaption>{tell("legend")}</figcaption>
      <ol>
        {steps.map((step, i) => {
          const { fill, text } = CELL_SHADES[theme.value][i] ?? { fill: "", text: "" };
          return (
            <li key={step} style={{ background: fill, color: text }}>
              <bdi dir="ltr">
                {number(step)}
                {i === steps.length - 1 ? "+" : ""}
              </bdi>
            </li>
          );
        })}
      </ol>
    </figure>
  );
}
