import { useState } from "preact/hooks";
import type { VehicleInfo } from "../../../sdk/index.ts";
import { moment } from "../../words/index.ts";
import { expiryMs, type TrackerSettings, trackerSettings } from "../tracker.ts";
import { tell } from "../words/index.ts";

const FIELDS = ["url", "method", "headers", "body"] as const;

/** How another app sends the position while the page cannot. */
export function Tracker({ info, token }: { info: VehicleInfo; token(): string }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="tracker" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{tell("tracker")}</summary>
      {open && <Settings info={info} token={token()} />}
    </details>
  );
}

function Settings({ info, token }: { info: VehicleInfo; token: string }) {
  const settings = trackerSettings(document.baseURI, token, info);
  const until = expiryMs(token);
  return (
    <>
      <p>{tell("tracker_why")}</p>
      <p>{tell("tracker_app")}</p>
      <dl>
        {FIELDS.map((field) => (
          <Setting key={field} field={field} settings={settings} />
        ))}
      </dl>
      <p>
        <strong>{tell("tracker_secret")}</strong>{" "}
        {until !== undefined && tell("tracker_until", { time: moment(until) })}
      </p>
      <p class="soft">{tell("tracker_limits")}</p>
    </>
  );
}

function Setting({
  field,
  settings,
}: {
  field: (typeof FIELDS)[number];
  settings: TrackerSettings;
}) {
  const [copied, setCopied] = useState(false);
  const text = settings[field];
  const name = tell(`tracker_${field}`);
  // Only secure pages may. A long token hides what matters, so it is shown whole only to be copied by hand.
  const copies = navigator.clipboard !== undefined;
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <code dir="ltr" data-testid={`tracker-${field}`}>
          {copies ? text.replace(/(Bearer .{6}).+/, "$1…") : text}
        </code>
        {copies && field !== "method" && (
          <button
            type="button"
            aria-label={`${tell(copied ? "copied" : "copy")}: ${name}`}
            onClick={async () => {
              await navigator.clipboard.writeText(text);
              setCopied(true);
            }}
          >
            {tell(copied ? "copied" : "copy")}
          </button>
        )}
      </dd>
    </>
  );
}
