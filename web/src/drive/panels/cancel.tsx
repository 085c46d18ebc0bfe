import { useState } from "preact/hooks";
import type { Ride } from "../../../sdk/index.ts";
import { tell } from "../words/index.ts";
import { Ask } from "./ask.tsx";

const REASONS = ["reason_none", "reason_no_show", "reason_trouble", "reason_unreachable"] as const;

/** Asks before a ride is given up, and why. */
export function Cancel({
  ride,
  onCancel,
  onKeep,
}: {
  ride: Ride;
  onCancel(reason: string): void;
  onKeep(): void;
}) {
  const [reason, setReason] = useState<(typeof REASONS)[number]>("reason_none");
  return (
    <Ask
      title={tell("cancel_title")}
      yes={tell("cancel_yes")}
      no={tell("cancel_no")}
      grave
      onYes={() => onCancel(reason === "reason_none" ? "" : tell(reason))}
      onNo={onKeep}
    >
      <p class="soft">{tell(ride.state === "accepted" ? "cancel_before" : "cancel_after")}</p>
      <label class="field">
        {tell("reason")}
        <select
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value as typeof reason)}
        >
          {REASONS.map((name) => (
            <option key={name} value={name}>
              {tell(name)}
            </option>
          ))}
        </select>
      </label>
    </Ask>
  );
}
