import { useEffect, useRef, useState } from "preact/hooks";
import type { Options } from "uplot";
import { DOINGS } from "../../fleet/filter.ts";
import { theme } from "../../ui/theme.ts";
import { clock, locale, number } from "../../words/index.ts";
import { tell } from "../words/index.ts";
import { sampled } from "./meter.ts";
import type { Sample, Samples } from "./samples.ts";

interface Line {
  label: string;
  /** A property of CSS. */
  color: string;
  value(sample: Sample): number | null;
}

/** The last minutes as lines, and the newest values in words. */
export function Charts({ samples }: { samples: Samples }) {
  // Its words are those of the language.
  locale.value;
  const doings = DOINGS.map((doing): Line => {
    return {
      label: tell(`doing_${doing}`),
      color: `--${doing}`,
      value: (sample) => sample.doings[doing],
    };
  });
  const rate: Line[] = [
    { label: tell("chart_rate"), color: "--accent", value: (sample) => sample.rate },
  ];
  const latency: Line[] = [
    { label: tell("median"), color: "--accent", value: (sample) => sample.median },
    { label: tell("p95"), color: "--waiting", value: (sample) => sample.p95 },
  ];
  return (
    <div class="charts">
      <p class="soft">{tell("charts_title")}</p>
      <Chart title={tell("chart_vehicles")} lines={doings} samples={samples} />
      <Chart title={tell("chart_rate")} lines={rate} samples={samples} />
      <Chart title={tell("chart_latency")} lines={latency} samples={samples} />
      <p class="soft">{tell("chart_latency_note")}</p>
    </div>
  );
}

function Chart({ title, lines, samples }: { title: string; lines: Line[]; samples: Samples }) {
  const [failed, setFailed] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const dark = theme.value;
  useEffect(() => {
    let end = () => {};
    let gone = false;
    plot(place.current, lines, samples)
      .then((destroy) => {
        if (gone) destroy();
        else end = destroy;
      })
      .catch((error) => {
        console.error(error);
        setFailed(true);
      });
    return () => {
      gone = true;
      end();
    };
  }, [dark, title]);
  return (
    <figure>
      <figcaption>
        {title}
        {lines.length > 1 && (
          <span class="keys">
            {lines.map(({ label, color }) => (
              <span key={label}>
                <i style={{ background: `var(${color})` }} /> {label}
              </span>
            ))}
          </span>
        )}
      </figcaption>
      {failed ? <p>{tell("charts_failed")}</p> : <div ref={place} aria-hidden="true" />}
      <Values lines={lines} samples={samples} />
    </figure>
  );
}

function Values({ lines, samples }: { lines: Line[]; samples: Samples }) {
  sampled.value;
  const { last } = samples;
  return (
    <details>
      <summary>{tell("values")}</summary>
      <table>
        <tbody>
          {lines.map(({ label, value }) => {
            const now = last ? value(last) : null;
            return (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td>{now === null ? tell("not_known") : number(Math.round(now))}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </details>
  );
}

const HEIGHT = 110;

/** Draws until the function that it gives is called. Not part of the page that loads first. */
async function plot(
  place: HTMLElement | null,
  lines: Line[],
  samples: Samples,
): Promise<() => void> {
  const [{ default: Plot }] = await Promise.all([
    import("uplot"),
    import("uplot/dist/uPlot.min.css"),
  ]);
  if (!place?.isConnected) return () => {};
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: color("--soft"),
    grid: { stroke: color("--line"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  const options: Options = {
    width: place.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 6, 0, 0],
    axes: [
      {
        ...axis,
        size: 22,
        values: (_, splits) => splits.map((at) => clock(at * 1000, true)),
        space: 90,
      },
      { ...axis, size: 44, space: 24, values: (_, splits) => splits.map((value) => short(value)) },
    ],
    scales: { y: { range: (_, __, most) => [0, Math.max(4, (most ?? 0) * 1.1)] } },
    series: [
      {},
      ...lines.map((line) => ({
        stroke: color(line.color),
        width: 1.5,
        points: { show: false },
      })),
    ],
  };
  const data = () => samples.columns(...lines.map(({ value }) => value)) as never;
  const drawn = new Plot(options, data(), place);
  const size = new ResizeObserver(() => {
    drawn.setSize({ width: place.clientWidth, height: HEIGHT });
  });
  size.observe(place);
  const follow = sampled.subscribe(() => {
    if (!document.hidden) drawn.setData(data());
  });
  return () => {
    follow();
    size.disconnect();
    drawn.destroy();
  };
}

function short(value: number): string {
  return number(value, { notation: "compact" });
}
