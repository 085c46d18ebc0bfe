import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { trouble } from "../state.ts";

/**
 * What the sheet is about. Each state has its own; when it comes and the focus
 * was on something that is gone, the focus comes here.
 */
export function Heading({ children }: { children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const lost = document.activeElement === document.body || document.activeElement === null;
    // At the first opening nobody has lost anything.
    if (lost && document.body.dataset.used) heading.current?.focus();
    document.body.dataset.used = "yes";
  }, []);
  return (
    <h2 ref={heading} tabIndex={-1}>
      {children}
    </h2>
  );
}

/** Why the last request was not carried out. */
export function Trouble() {
  return (
    trouble.value && (
      <p class="trouble" role="alert" data-testid="trouble">
        {trouble.value()}
      </p>
    )
  );
}
