import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

interface AskProps {
  title: string;
  children?: ComponentChildren;
  yes: string;
  no: string;
  /** Yes cannot be mended. */
  grave?: boolean;
  onYes(): void;
  onNo(): void;
}

/** A question before something that cannot be taken back. Escape says no. */
export function Ask({ title, children, yes, no, grave, onYes, onNo }: AskProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class="ask"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onNo();
      }}
    >
      <h2 id={id}>{title}</h2>
      {children}
      <div class="row">
        <button type="button" onClick={onNo}>
          {no}
        </button>
        <button type="button" class={grave ? "danger" : "primary"} onClick={onYes}>
          {yes}
        </button>
      </div>
    </dialog>
  );
}
