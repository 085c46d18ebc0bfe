import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { QuickReply } from "../../sdk/index.ts";
import { clock, say } from "../words/index.ts";
import type { Chat, ChatLine } from "./chat.ts";
import { quickWords, tripSay } from "./words/index.ts";
import "./chat.css";

/** As long as the service takes, in characters. */
const TEXT_MAX = 1_000;

interface ChatPanelProps {
  chat: Chat;
  /** Who is at the other end. */
  other: "driver" | "rider";
  /** What this side may want to say with one touch. */
  quick: readonly QuickReply[];
  /** Whether there is somebody to talk to. */
  possible: boolean;
}

/** The chat over the sheet; the focus goes in, and back to the button that opened it. */
export function ChatPanel({ chat, other, quick, possible }: ChatPanelProps) {
  if (!chat.open.value) return null;
  return <OpenChat chat={chat} other={other} quick={quick} possible={possible} />;
}

function OpenChat({ chat, other, quick, possible }: ChatPanelProps) {
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const panel = useRef<HTMLElement>(null);
  const lines = chat.lines.value;
  // Before it is painted, which takes a slow device its time: Escape may come first.
  useLayoutEffect(() => {
    const before = document.activeElement;
    panel.current?.focus();
    const look = () => chat.look();
    document.addEventListener("visibilitychange", look);
    // Wherever the focus is: what has it may go while the ride goes on.
    const leave = ({ key }: KeyboardEvent) => {
      if (key === "Escape") chat.show(false);
    };
    document.addEventListener("keydown", leave);
    return () => {
      document.removeEventListener("keydown", leave);
      document.removeEventListener("visibilitychange", look);
      if (before instanceof HTMLElement) before.focus();
    };
  }, [chat]);
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [lines.length]);
  return (
    <section
      ref={panel}
      class="chat"
      tabIndex={-1}
      aria-label={tripSay(`chat_with_${other}`)}
      data-testid="chat"
    >
      <header>
        <h2>{tripSay(`chat_with_${other}`)}</h2>
        <button
          type="button"
          class="close"
          aria-label={say("close")}
          onClick={() => chat.show(false)}
        >
          ×
        </button>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard */}
      <div ref={list} class="said-so-far" role="log" aria-label={tripSay("chat")} tabIndex={0}>
        <ol>
          {lines.map((line) => (
            <Line key={line.key} line={line} other={other} onAgain={() => chat.again(line.key)} />
          ))}
        </ol>
        {lines.length === 0 && <p class="empty">{tripSay("chat_empty")}</p>}
      </div>
      {possible ? (
        <>
          <fieldset class="quick" aria-label={tripSay("chat_quick")}>
            {quick.map((reply) => (
              <button key={reply} type="button" onClick={() => chat.send({ quick: reply })}>
                {quickWords(reply)}
              </button>
            ))}
          </fieldset>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              const text = field.current?.value.trim();
              if (!text || !field.current) return;
              field.current.value = "";
              chat.send({ text });
            }}
          >
            <input
              ref={field}
              aria-label={tripSay("chat_field")}
              placeholder={tripSay("chat_field")}
              maxLength={TEXT_MAX}
              autoComplete="off"
              enterkeyhint="send"
              dir="auto"
            />
            <button type="submit" class="primary">
              {tripSay("chat_send")}
            </button>
          </form>
        </>
      ) : (
        <p class="empty">{tripSay("chat_over")}</p>
      )}
    </section>
  );
}

function Line({
  line,
  other,
  onAgain,
}: {
  line: ChatLine;
  other: "driver" | "rider";
  onAgain(): void;
}) {
  const { mine, text, quick, at_ms, state } = line;
  return (
    <li class={mine ? "mine" : "theirs"}>
      <span class="unseen">{tripSay(mine ? "you" : other)}: </span>
      <span class="said" dir="auto">
        {quick === undefined ? text : quickWords(quick)}
      </span>
      <span class={`mark ${state}`}>
        {at_ms !== undefined && clock(at_ms)}
        {mine && ` ${tripSay(state)}`}
      </span>
      {state === "failed" && (
        <button type="button" onClick={onAgain}>
          {tripSay("send_again")}
        </button>
      )}
    </li>
  );
}

/** Opens the chat, and says how much is new there. */
export function ChatButton({ chat }: { chat: Chat }) {
  const unread = chat.unread.value;
  return (
    <button
      type="button"
      class="chat-button"
      aria-expanded={chat.open.value}
      onClick={() => chat.show(!chat.open.peek())}
    >
      {tripSay("chat")}
      {unread > 0 && (
        <span class="badge" data-testid="unread">
          <span aria-hidden="true">{unread}</span>
          <span class="unseen">{tripSay("unread", { n: unread })}</span>
        </span>
      )}
    </button>
  );
}
